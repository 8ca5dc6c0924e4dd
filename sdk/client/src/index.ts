/** Client of Lingpai: cloud functions and objects, tokens, and the secure network's open protocol, version 1. */
export { createClient, Client } from './client.js';
export type { ClientOptions, CloudObject, FunctionCall, FunctionResult, ObjectOptions } from './client.js';
export { CloudError } from './errors.js';
export type { Events } from './events.js';
export type { Space } from './gateway.js';
export { memoryStorage } from './platform.js';
export type { HttpRequest, HttpResponse, Requester, Storage } from './platform.js';
export type { ClientInfo } from './client-info.js';
export type { CurrentUser, Token } from './tokens.js';
export type { SecretType } from './secure/envelope.js';
export type { SecureNetworkOptions } from './secure/session.js';
export type { ClientKeyRecord, DeviceKeys } from './secure/device-keys.js';
export type { Curves, WebCrypto } from './secure/crypto.js';
