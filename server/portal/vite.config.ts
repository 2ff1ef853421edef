import { defineConfig } from 'vite';
import { cesium } from './cesium.ts';
import { stamp } from './stamp.ts';

// `npm run dev` talks to a running `onemap serve`; ONEMAP_URL names another one.
const server = process.env['ONEMAP_URL'] ?? 'http://127.0.0.1:8080';
const proxied = ['/api', '/tiles', '/3dtiles', '/features', '/identify', '/changes', '/networks', '/styles'];

export default defineConfig({
  // Relative, so that the portal also works below a path of a city's gateway.
  base: './',
  plugins: [cesium(), stamp()],
  build: {
    target: 'es2022',
    // Nothing becomes a data: URL, so that the content security policy stays strict.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // MapLibre is most of it; it is one file that browsers keep by its hash. CesiumJS is another, read when it is needed.
    chunkSizeWarningLimit: 5000,
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: server }])),
  },
});
