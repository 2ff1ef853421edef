// Loads 3D tiles with @loaders.gl/3d-tiles, as deck.gl does.
//
//   node loaders3d.mjs URL
//
// Prints one JSON object: {tiles, contents, features, errors: [...]}. Every tileset that is named is loaded, and every content is
// parsed; the properties of the features are read.
import { load } from '@loaders.gl/core'
import { Tiles3DLoader } from '@loaders.gl/3d-tiles'

// Outside a browser it believes that nobody reads WebP. Pictures are not decoded here; browsers do that.
globalThis.loaders = { ...globalThis.loaders, parseImageNode: () => null, imageFormatsNode: ['image/png', 'image/jpeg', 'image/webp'] }

const out = { tiles: 0, contents: 0, features: 0, names: [], errors: [] }
const options = { worker: false, '3d-tiles': { loadGLTF: true, decodeQuantizedPositions: false }, gltf: { loadImages: false } }

async function tileset(url) {
  const json = await load(url, Tiles3DLoader, { ...options, '3d-tiles': { ...options['3d-tiles'], isTileset: true } })
  await tile(json.root, url)
}

async function tile(node, base) {
  out.tiles++
  const uri = node.content?.uri
  if (uri) {
    const url = new URL(uri, base).href
    try {
      if (/\.json(\?|$)/.test(url)) {
        await tileset(url)
      } else {
        const content = await load(url, Tiles3DLoader, { ...options, '3d-tiles': { ...options['3d-tiles'], isTileset: false } })
        out.contents++
        const gltf = content.gltf
        if (!gltf || !gltf.meshes?.length) out.errors.push(`${url}: no meshes`)
        const table = gltf?.json?.extensions?.EXT_structural_metadata?.propertyTables?.[0] ?? gltf?.extensions?.EXT_structural_metadata?.propertyTables?.[0]
        out.features += table?.count ?? 0
        const names = Object.keys(table?.properties ?? {})
        if (names.length > out.names.length) out.names = names
      }
    } catch (error) {
      out.errors.push(`${url}: ${error.message}`)
    }
  }
  for (const child of node.children ?? []) await tile(child, base)
}

try {
  await tileset(process.argv[2])
} catch (error) {
  out.errors.push(String(error.stack ?? error))
}
out.errors = out.errors.slice(0, 10)
console.log(JSON.stringify(out))
