// What a cloud function knows about its caller.
exports.main = async (event, context) => ({
  you: context.user,
  client: context.verifiedClient,
  secretType: context.secretType,
  address: context.CLIENTIP,
  said: event.text ?? null,
});
