import { createSSRApp } from 'vue'
import App from './App.vue'

/** The shell: everything that a project would use lives in `uni_modules/lingpai-pages`. */
export function createApp() {
  return { app: createSSRApp(App) }
}
