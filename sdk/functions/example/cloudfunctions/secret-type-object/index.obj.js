// The sample of uniCloud's documentation as it is printed there, with two methods: `reward` is always refused, because the
// condition holds for every secretType (`../reward` has the one that is meant), and `other` never.
module.exports = {
async _before() {
const methodName = this.getMethodName()
const clientInfo = this.getClientInfo()
const secretType = clientInfo.secretType
// methodName is the method name called by the client
// secretType is the parameter passed by the client calling uniCloud.importObject secretMethods
if (methodName === 'reward' && (secretType !== 'both' || secretType !== 'response')) {
throw new Error('secretType invalid') // 拒绝返回有效数据
}
},
reward() {
  return { errCode: 0 }
},
other() {
  return { errCode: 0 }
},
}
