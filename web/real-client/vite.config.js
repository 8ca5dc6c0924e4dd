import uni from '@dcloudio/vite-plugin-uni';
import { defineConfig } from 'vite';

// The plug-in is CommonJS; as an ES module its function hides under `default`.
export default defineConfig({ plugins: [(uni.default ?? uni)()], build: { reportCompressedSize: false } });
