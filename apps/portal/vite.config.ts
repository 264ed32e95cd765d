import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** In `npm run dev` the pages come from vite and everything else from the exchange. */
const exchange = 'http://127.0.0.1:7070';
const proxied = Object.fromEntries(
  ['/api', '/gateway', '/delta-sharing', '/log', '/.well-known'].map((path) => [
    path,
    { target: exchange, changeOrigin: false },
  ]),
);

export default defineConfig({
  plugins: [react()],
  server: { host: '127.0.0.1', proxy: proxied },
  // The content security policy allows no inline scripts, so nothing may be inlined as one.
  build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1500 },
});
