import { AsyncLocalStorage } from 'node:async_hooks';

/** The call that the code which asks is part of: `{function, event, context}`. */
export const calls = new AsyncLocalStorage();
