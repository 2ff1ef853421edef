// Loads 3D tiles with 3d-tiles-renderer (three.js), with its TilesetValidationPlugin: all tiles, from far above, down to the leaves.
//
//   node renderer3d.mjs URL
//
// Prints one JSON object: {tiles, features, warnings: [...], errors: [...]}.
globalThis.self = globalThis
globalThis.window = globalThis
globalThis.location = new URL(process.argv[2])
globalThis.requestAnimationFrame = callback => setTimeout(() => callback(performance.now()), 5)
globalThis.cancelAnimationFrame = clearTimeout
const out = { tiles: 0, features: 0, warnings: [], errors: [] }
// That a tileset is of version 1.1 is no complaint.
console.warn = (...words) => { if (!/limited support/.test(words.join(' ')) && out.warnings.length < 20) out.warnings.push(words.join(' ')) }
const { PerspectiveCamera, Vector3 } = await import('three')
const { GLTFLoader } = await import('three/examples/jsm/loaders/GLTFLoader.js')
const { MeshoptDecoder } = await import('meshoptimizer')
const { TilesRenderer } = await import('3d-tiles-renderer/three')
const { GLTFExtensionsPlugin } = await import('3d-tiles-renderer/three/plugins')
const { ImplicitTilingPlugin } = await import('3d-tiles-renderer/core/plugins')
const { TilesetValidationPlugin } = await import('3d-tiles-renderer/src/three/plugins/TilesetValidationPlugin.js')

const tiles = new TilesRenderer(process.argv[2])
tiles.registerPlugin(new ImplicitTilingPlugin())
tiles.registerPlugin(new TilesetValidationPlugin())
tiles.registerPlugin(new GLTFExtensionsPlugin({ metadata: true, meshoptDecoder: MeshoptDecoder }))
tiles.errorTarget = 0.01
tiles.lruCache.minSize = 1e5
tiles.lruCache.maxSize = 1e6
tiles.lruCache.maxBytesSize = 4e9
tiles.lruCache.minBytesSize = 4e9
const ids = new Set()
tiles.addEventListener('load-model', ({ scene }) => {
  out.tiles++
  const metadata = scene.userData.structuralMetadata
  const table = metadata?.tableAccessors?.[0]
  for (let i = 0; i < (table?.count ?? 0); i++) ids.add(Number(table.getPropertyValue('id', i)))
})
tiles.addEventListener('load-error', ({ url, error }) => out.errors.push(`${url}: ${error?.message ?? error}`))
const camera = new PerspectiveCamera(60, 1, 1, 1e8)
let framed = false
const started = Date.now()
let calm = 0
while (Date.now() - started < 240000 && calm < 20) {
  if (!framed && tiles.root) {
    const sphere = { center: new Vector3(), radius: 0 }
    const { Sphere } = await import('three')
    const ball = new Sphere()
    tiles.getBoundingSphere(ball)
    Object.assign(sphere, ball)
    camera.position.copy(ball.center).addScaledVector(ball.center.clone().normalize(), ball.radius * 3)
    camera.lookAt(ball.center)
    camera.updateMatrixWorld()
    tiles.setCamera(camera)
    tiles.setResolution(camera, 1000, 1000)
    framed = true
  }
  tiles.update()
  await new Promise(resolve => setTimeout(resolve, 30))
  const { downloading, parsing } = tiles.stats
  calm = framed && downloading === 0 && parsing === 0 ? calm + 1 : 0
}
out.features = ids.size
console.log(JSON.stringify(out))
process.exit(0)
