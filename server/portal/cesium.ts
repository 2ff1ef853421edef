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

/**
 * Inline styles in its sources, which the content security policy does not allow, and what stands in their place: the look of a
 * list of credits that the page does not show, and a question to the browser that can be asked in another way.
 */
const inlineStyles: [file: string, style: string, instead: string][] = [
  ['/Scene/CreditDisplay.js', 'shadowRootOrDocumentHead.appendChild(styleElem);', ''],
  [
    '/Core/FeatureDetection.js',
    'canvas.setAttribute(\n      "style",\n      "image-rendering: -moz-crisp-edges;" + "image-rendering: pixelated;",\n    );',
    'canvas.style.imageRendering = "pixelated";',
  ],
];

/** Puts these parts of CesiumJS beside the page, and takes the inline styles out. */
export function cesium(): Plugin {
  return {
    name: 'onemap-cesium',
    apply: 'build',
    transform(code, id) {
      const [, style, instead] = inlineStyles.find(([file]) => id.endsWith(file)) ?? [];
      if (style === undefined || instead === undefined) return null;
      if (!code.includes(style)) throw new Error(`${id} has no ${style} any more`);
      return { code: code.replace(style, instead), map: null };
    },
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
