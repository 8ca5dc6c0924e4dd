import lingpai = require('@lingpai/client');

const client: lingpai.Client = lingpai.createClient({ endpoint: 'e', spaceId: 's', clientSecret: 'c', appId: 'a' });
console.log(client);
