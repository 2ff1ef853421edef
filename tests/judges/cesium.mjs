// Shows 3D tiles of a place on the earth with CesiumJS in a headless Chromium: ten views from far to near, pictures and clicks.
//
//   node cesium.mjs URL [--at LON,LAT] [--views FILE] [--leaves] [--shots FOLDER] [--size WIDTHxHEIGHT]
//
// --at      where the near views look; without it, a feature that the middle views show
// --views   other views than these: a JSON list of [name, {metres or radii, east}, heading, pitch]
// --leaves  takes the contents of all but the leaves away first, to compare: what a tileset without far contents costs
//
// Prints one JSON object: {views: [{name, bytes, tiles, cover}], bytes, requests, at, names, picks: [{id, ...}], errors: [...]}.
// `bytes` are those that came over the wire, `cover` is the part of the picture that shows something. `errors` is empty when no
// tile failed, every view was finished and shows something, a click names a feature, the page is silent and nothing was asked of
// another machine.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const { values: options, positionals: [url] } = parseArgs({
  allowPositionals: true,
  options: { at: { type: 'string' }, leaves: { type: 'boolean' }, views: { type: 'string' }, shots: { type: 'string' }, size: { type: 'string', default: '640x480' } },
})
const [width, height] = options.size.split('x').map(Number)
/** How long a view may take with software rendering on a busy machine, milliseconds. */
const PATIENCE = 180_000
const FLAGS = [
  '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--no-default-browser-check',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]
const out = { views: [], bytes: 0, requests: 0, at: null, names: [], picks: [], errors: [] }
const complain = what => { if (out.errors.length < 20) out.errors.push(what) }

/**
 * From far to near, as parts of the radius of all and then as metres: [name, range, heading, pitch], degrees. The last is beside the
 * place that it looks at.
 */
const PATH = options.views ? JSON.parse(await readFile(options.views, 'utf8')) : [
  ['orbit', { radii: 12 }, 0, -90],
  ['far', { radii: 4 }, 0, -60],
  ['region', { radii: 2 }, 30, -50],
  ['city', { radii: 1 }, 60, -40],
  ['district', { radii: 0.4 }, 90, -35],
  ['middle', { metres: 1500 }, 120, -35],
  ['quarter', { metres: 700 }, 150, -30],
  ['block', { metres: 350 }, 180, -25],
  ['near', { metres: 150 }, 210, -20],
  ['aside', { metres: 350, east: 400 }, 240, -25],
]

// The page and CesiumJS stand below the address of the tiles, so that no other origin is asked.
const own = new URL('/-judge-/', url).href
const cesium = fileURLToPath(new URL('node_modules/cesium/Build/Cesium/', import.meta.url))
const PAGE = `<!doctype html><style>html, body, #c, #c * { margin: 0; width: 100%; height: 100%; overflow: hidden }</style><div id="c"></div>
<script>CESIUM_BASE_URL = '${own}'</script><script type="module">import * as Cesium from '${own}index.js'; window.Cesium = Cesium</script>`
const TYPES = { js: 'text/javascript', json: 'application/json', css: 'text/css', wasm: 'application/wasm' }

async function serve(route) {
  const name = decodeURIComponent(new URL(route.request().url()).pathname.slice('/-judge-/'.length))
  if (name === '') return route.fulfill({ contentType: 'text/html', body: PAGE })
  try {
    await route.fulfill({ contentType: TYPES[name.split('.').pop()] ?? 'application/octet-stream', body: await readFile(cesium + name) })
  } catch {
    await route.fulfill({ status: 404 })
  }
}

/** Leaves a tileset its leaves only. Errors are such that every leaf in sight is read, as nothing stands in for it. */
async function leavesOnly(route) {
  const answer = await route.fetch()
  const tileset = await answer.json()
  let error = 1e9
  const visit = tile => {
    const children = tile.children ?? []
    const below = /\.json(\?|$)/.test(tile.content?.uri ?? '')
    if (children.length > 0) delete tile.content
    if (children.length > 0 || below) tile.geometricError = error
    error /= 2
    children.forEach(visit)
    error *= 2
  }
  visit(tileset.root)
  tileset.geometricError = error * 2
  await route.fulfill({ response: answer, json: tileset })
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
try {
  const page = await browser.newPage({ viewport: { width, height } })
  page.on('pageerror', error => complain(`page error: ${error.message}`))
  page.on('console', message => { if (['error', 'warning'].includes(message.type()) && !/GPU stall|GL Driver Message/.test(message.text())) complain(`${message.type()}: ${message.text()}`) })
  page.on('request', request => {
    const address = new URL(request.url())
    if (!['data:', 'blob:'].includes(address.protocol) && !['127.0.0.1', 'localhost'].includes(address.hostname)) complain(`left the machine: ${address}`)
  })
  page.on('response', response => { if (response.status() >= 400) complain(`${response.status()}: ${response.url()}`) })
  const measuring = []
  page.on('requestfinished', request => {
    if (request.url().startsWith(own) || /^(data|blob):/.test(request.url())) return
    measuring.push(request.sizes().then(({ responseBodySize }) => { out.bytes += responseBodySize; out.requests++ }).catch(error => complain(String(error))))
  })
  await page.route(`${own}**`, serve)
  if (options.leaves) await page.route(address => address.pathname.startsWith(new URL('.', url).pathname) && address.pathname.endsWith('.json'), leavesOnly)
  await page.goto(own)
  await page.waitForFunction(() => window.Cesium !== undefined, null, { timeout: PATIENCE })
  await page.evaluate(start, url)

  let at = options.at?.split(',').map(Number) ?? null
  for (const [name, from, heading, pitch] of PATH) {
    const before = out.bytes
    await page.evaluate(look, { at, from, heading, pitch })
    const view = await page.evaluate(finish, PATIENCE)
    await Promise.all(measuring)
    out.views.push({ name, bytes: out.bytes - before, ...view })
    if (!view.done) complain(`${name}: still reading after ${PATIENCE / 1000} s`)
    // From so far that a town is a dot a tree is less than a pixel, but it must be there.
    else if (view.tiles === 0 || (view.cover === 0 && name !== 'orbit')) complain(`${name}: the view is empty`)
    if (options.shots) {
      await mkdir(options.shots, { recursive: true })
      const picture = await page.evaluate(() => window.scene.canvas.toDataURL('image/png'))
      await writeFile(`${options.shots}/${name}.png`, Buffer.from(picture.split(',')[1], 'base64'))
    }
    at ??= name === 'district' ? await page.evaluate(somewhere) : null
    if (out.views.length === PATH.length - 1) out.picks = await page.evaluate(picks)
  }
  out.at = at
  out.names = Object.keys(out.picks[0] ?? {})
  if (out.picks.length === 0) complain('no click on the nearest view names a feature')
  for (const failure of await page.evaluate(() => window.failures)) complain(`tile failed: ${failure}`)
  if (!(await page.evaluate(() => window.allLoaded > 0))) complain('CesiumJS never said that all tiles are loaded')
} catch (error) {
  complain(String(error.stack ?? error))
} finally {
  await browser.close()
}
for (const view of out.views) delete view.done
console.log(JSON.stringify(out))

// What follows runs in the page.

async function start(address) {
  const { Cesium } = window
  Cesium.Ion.defaultAccessToken = ''
  const widget = new Cesium.CesiumWidget('c', {
    baseLayer: false, terrainProvider: new Cesium.EllipsoidTerrainProvider(), skyBox: false, skyAtmosphere: false, globe: false,
    creditContainer: document.createElement('div'), requestRenderMode: true, maximumRenderTimeChange: Infinity, useDefaultRenderLoop: false,
    msaaSamples: 1, contextOptions: { webgl: { preserveDrawingBuffer: true } },
  })
  // Nobody else does, without the usual loop.
  widget.resize()
  const { scene } = widget
  Object.assign(window, { scene, failures: [], allLoaded: 0 })
  scene.backgroundColor = Cesium.Color.fromBytes(223, 232, 240)
  scene.highDynamicRange = false
  scene.light = new Cesium.DirectionalLight({ direction: new Cesium.Cartesian3(1, 0, 0), intensity: 2.6 })
  const tileset = await Cesium.Cesium3DTileset.fromUrl(address, { maximumScreenSpaceError: 16, cacheBytes: 2 ** 31, cullRequestsWhileMoving: false })
  window.tileset = tileset
  tileset.environmentMapManager.enabled = false
  tileset.tileFailed.addEventListener(({ url, message }) => window.failures.push(`${url}: ${message}`))
  tileset.allTilesLoaded.addEventListener(() => window.allLoaded++)
  scene.primitives.add(tileset)
}

function look({ at, from, heading, pitch }) {
  const { Cesium, scene, tileset } = window
  const { radius } = tileset.boundingSphere
  const { longitude, latitude } = Cesium.Cartographic.fromCartesian(tileset.boundingSphere.center)
  const middle = at ? Cesium.Cartesian3.fromDegrees(...at) : Cesium.Cartesian3.fromRadians(longitude, latitude)
  const frame = Cesium.Transforms.eastNorthUpToFixedFrame(middle)
  const target = Cesium.Matrix4.multiplyByPoint(frame, new Cesium.Cartesian3(from.east ?? 0, 0, 0), new Cesium.Cartesian3())
  const range = from.metres ?? from.radii * radius
  scene.camera.lookAt(target, new Cesium.HeadingPitchRange(Cesium.Math.toRadians(heading), Cesium.Math.toRadians(pitch), range))
  scene.camera.lookAtTransform(Cesium.Matrix4.IDENTITY)
  // From above and over the left shoulder, so that no picture is dark.
  const { directionWC, rightWC, upWC } = scene.camera
  const mixed = [directionWC.x + (rightWC.x - upWC.x) / 2, directionWC.y + (rightWC.y - upWC.y) / 2, directionWC.z + (rightWC.z - upWC.z) / 2]
  scene.light.direction = Cesium.Cartesian3.normalize(new Cesium.Cartesian3(...mixed), new Cesium.Cartesian3())
}

/** Draws until everything in sight is read and stays so. */
async function finish(patience) {
  const { scene, tileset } = window
  const end = performance.now() + patience
  let calm = 0
  while (calm < 4 && performance.now() < end) {
    scene.requestRender()
    scene.render()
    calm = tileset.tilesLoaded ? calm + 1 : 0
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const { drawingBufferWidth: w, drawingBufferHeight: h } = scene.context
  const pixels = scene.context.readPixels({ x: 0, y: 0, width: w, height: h })
  let covered = 0
  for (let i = 0; i < pixels.length; i += 4) if (Math.abs(pixels[i] - 223) + Math.abs(pixels[i + 1] - 232) + Math.abs(pixels[i + 2] - 240) > 6) covered++
  return { done: calm >= 4, tiles: tileset.statistics.selected, cover: Number((covered / (w * h)).toFixed(4)) }
}

/** Longitude and latitude of something that is shown, as near to the middle as can be. */
function somewhere() {
  const { Cesium, scene } = window
  const { clientWidth: w, clientHeight: h } = scene.canvas
  for (let ring = 0; ring < 20; ring++) {
    for (let turn = 0; turn < 12; turn++) {
      const place = new Cesium.Cartesian2(w / 2 + (ring / 40) * w * Math.cos(turn / 2), h / 2 + (ring / 40) * h * Math.sin(turn / 2))
      if (!scene.pick(place)) continue
      const position = scene.pickPosition(place)
      if (!position) continue
      const { longitude, latitude } = Cesium.Cartographic.fromCartesian(position)
      return [Cesium.Math.toDegrees(longitude), Cesium.Math.toDegrees(latitude)]
    }
  }
  return null
}

/** Clicks all over the picture: the features that answer, with their properties. */
function picks() {
  const { Cesium, scene } = window
  const { clientWidth: w, clientHeight: h } = scene.canvas
  const found = new Map()
  for (let y = 0.05; y < 1; y += 0.1) {
    for (let x = 0.05; x < 1; x += 0.1) {
      const feature = scene.pick(new Cesium.Cartesian2(x * w, y * h))
      const id = feature?.getProperty?.('id')
      if (id === undefined || found.has(Number(id))) continue
      const value = name => { const v = feature.getProperty(name); return typeof v === 'bigint' ? Number(v) : v }
      found.set(Number(id), Object.fromEntries(feature.getPropertyIds().map(name => [name, value(name)])))
    }
  }
  return [...found.values()]
}
