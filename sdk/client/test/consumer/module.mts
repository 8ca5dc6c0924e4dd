// What a TypeScript project writes; compiled by types.test.mjs, not run.
import { ed25519, x25519 } from '@noble/curves/ed25519';
import { createClient, type CloudError, type DeviceKeys } from '@lingpai/client';

declare const deviceKeys: DeviceKeys;
const client = createClient({
  endpoint: 'https://account.example.com',
  spaceId: 's',
  clientSecret: 'c',
  appId: 'a',
  secureNetwork: { identityKey: 'k', deviceKeys, curves: { x25519, ed25519 }, verify: ['order'] },
});

interface Account {
  login(options: { username: string; password: string }): Promise<{ uid: string }>;
}
const account = client.importObject<Account>('uni-id-co', { secretMethods: { login: 'both' } });
const { uid } = await account.login({ username: 'alice', password: 'p' });
const { result } = await client.callFunction<{ sum: number }>({ name: 'sum', data: { a: 1 }, secretType: 'request' });
const stop: () => void = client.on('needLogin', ({ errCode }) => console.log(errCode));
const untyped: unknown = await client.importObject('todo').add('a', 1);
const code = (error: CloudError): string | number => error.errCode;
console.log(uid.length + result.sum, stop, untyped, code);

// @ts-expect-error there is no such way to encrypt
client.callFunction({ name: 'sum', secretType: 'all' });
