import { createSSRApp } from 'vue';
import App from './App.vue';
import { realClient } from './real-client.js';

// Where tests find it, in the browser as in a mini program's script engine.
globalThis.realClient = realClient;

export function createApp() {
  return { app: createSSRApp(App) };
}
