import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** What the portal is built from; the same list stands in `../build.rs`. */
const sources = ['.npmrc', 'cesium-folder.ts', 'cesium.ts', 'index.html', 'package-lock.json', 'package.json', 'src', 'stamp.ts', 'tsconfig.json', 'vite.config.ts'];

/**
 * Writes `dist/.stamp`, by which the server's build knows that a finished `dist` belongs to these
 * sources: FNV-1a, 64 bits, over each name and content with a zero byte after each.
 */
export function stamp(): Plugin {
  return {
    name: 'onemap-stamp',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir) writeFileSync(join(dir, '.stamp'), sourceHash(import.meta.dirname));
    },
  };
}

function sourceHash(root: string): string {
  let hash = 0xcbf29ce484222325n;
  const add = (bytes: Uint8Array): void => {
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  };
  const zero = new Uint8Array(1);
  for (const file of sources.flatMap((source) => files(root, source)).sort()) {
    add(new TextEncoder().encode(file));
    add(zero);
    add(readFileSync(join(root, file)));
    add(zero);
  }
  return hash.toString(16).padStart(16, '0');
}

function files(root: string, path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => files(root, `${path}/${name}`));
}
