// The sample of uniCloud's documentation as it is printed there (its closing brackets were lost on the way). Its condition holds
// for every secretType, so it always refuses: `../reward` has the one that is meant.
exports.main = async (event, context) => {
const secretType = context.secretType
// secretType is the parameter secretType passed by the client to call uniCloud.callFunction
if (secretType !== 'both' || secretType !== 'response') {
throw new Error('secretType invalid') // 拒绝返回有效数据
}
}
