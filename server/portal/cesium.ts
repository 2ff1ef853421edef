import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { cesiumFolder } from './cesium-folder.ts';

/**
 * What of CesiumJS is read by its address and so stands beside the page as it is: workers and decoders, and the table of the
 * earth's axis. No sky of stars, no heights of the world.
 */
const parts = {
  'Build/Workers': 'Workers',
  'Source/ThirdParty/draco_decoder.wasm': 'ThirdParty/draco_decoder.wasm',
  'Source/ThirdParty/basis_transcoder.wasm': 'ThirdParty/basis_transcoder.wasm',
  'Source/Assets/IAU2006_XYS': 'Assets/IAU2006_XYS',
  'Source/Assets/approximateTerrainHeights.json': 'Assets/approximateTerrainHeights.json',
};

/** Puts these parts of CesiumJS beside the page. */
export function cesium(): Plugin {
  return {
    name: 'onemap-cesium',
    apply: 'build',
    writeBundle({ dir }) {
      if (!dir) return;
      const engine = join(import.meta.dirname, 'node_modules/@cesium/engine');
      for (const [from, name] of Object.entries(parts)) {
        const to = join(dir, cesiumFolder, name);
        mkdirSync(join(to, '..'), { recursive: true });
        cpSync(join(engine, from), to, { recursive: true });
      }
    },
  };
}
