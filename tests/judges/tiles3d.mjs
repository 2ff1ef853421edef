// Judges 3D tiles: walks a tileset and all that it names, and checks every file by the rules of 3D Tiles 1.1.
//
//   node tiles3d.mjs URL [--sample N]     of the GLBs, decode only every Nth (all are validated by gltf-validator)
//
// Prints one JSON object: {tiles, contents, bytes, largest, ids, vertices, errors: [...], messages: {code: count}}. `errors` is
// empty when every address resolves, every GLB is valid, errors fall, volumes lie in their parents', what is in a tile
// lies in its volume, no tile is an empty link of a chain, and no feature is in two leaves.
import { Buffer } from 'node:buffer'
import { MeshoptDecoder } from 'meshoptimizer'
import validator from 'gltf-validator'

const [url, ...options] = process.argv.slice(2)
const sample = options[0] === '--sample' ? Number(options[1]) : 1
const MOST_BYTES = 2 << 20
const MOST = 65535
const out = { tiles: 0, contents: 0, bytes: 0, largest: 0, vertices: 0, features: 0, prisms: 0, errors: [], messages: {} }
const leafIds = new Set()
const allIds = new Set()
await MeshoptDecoder.ready

function complain(where, what) {
  if (out.errors.length < 50) out.errors.push(`${where}: ${what}`)
}

async function get(address) {
  const response = await fetch(address)
  if (response.status !== 200) {
    complain(address, `answers ${response.status}`)
    return null
  }
  return Buffer.from(await response.arrayBuffer())
}

// 4 × 4 matrices, column by column.
const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
function multiply(a, b) {
  const m = new Array(16).fill(0)
  for (let c = 0; c < 4; c++) for (let r = 0; r < 4; r++) for (let k = 0; k < 4; k++) m[4 * c + r] += a[4 * k + r] * b[4 * c + k]
  return m
}
const apply = (m, [x, y, z]) => [0, 1, 2].map(i => m[i] * x + m[4 + i] * y + m[8 + i] * z + m[12 + i])

// Longitude, latitude in radians, and height of an earth-centred place, by iteration: another way than the server's.
function geodetic([x, y, z]) {
  const a = 6378137, e2 = 6.69437999014e-3
  const p = Math.hypot(x, y)
  let lat = Math.atan2(z, p * (1 - e2))
  let height = 0
  for (let i = 0; i < 8; i++) {
    const n = a / Math.sqrt(1 - e2 * Math.sin(lat) ** 2)
    height = p / Math.cos(lat) - n
    lat = Math.atan2(z, p * (1 - e2 * n / (n + height)))
  }
  return [Math.atan2(y, x), lat, height]
}

function inside(inner, outer, margin = 0) {
  const angle = margin / 6.3e6
  return inner[0] >= outer[0] - angle && inner[1] >= outer[1] - angle && inner[2] <= outer[2] + angle &&
    inner[3] <= outer[3] + angle && inner[4] >= outer[4] - margin && inner[5] <= outer[5] + margin
}

async function tileset(address, transform, referrer) {
  const bytes = await get(address)
  if (!bytes) return
  const json = JSON.parse(bytes.toString())
  if (json.asset?.version !== '1.1') complain(address, 'its asset version is not 1.1')
  if (!json.root?.refine) complain(address, 'its root does not say how it is refined')
  if (referrer && json.root.geometricError !== referrer.geometricError) complain(address, 'its root has another error than the tile that names it')
  await tile(json.root, address, transform, referrer ? referrer.parentError : Infinity, referrer?.region, json.root.refine)
}

async function tile(node, base, above, parentError, parentRegion, refine) {
  out.tiles++
  const error = node.geometricError
  const region = node.boundingVolume.region
  const own = node.transform ? multiply(above, node.transform) : above
  const where = node.content?.uri ?? base
  if (!(error < parentError)) complain(where, `its error ${error} is not less than its parent's ${parentError}`)
  if (region && parentRegion && !inside(region, parentRegion, 1e-3)) complain(where, 'its volume leaves its parent\'s')
  const children = node.children ?? []
  if (children.length === 1 && !node.content) complain(where, 'an empty link of a chain')
  if (children.length > 0 && error === 0) complain(where, 'it has children and no error')
  refine = node.refine ?? refine
  if (node.implicitTiling) {
    await implicit(node, base, own)
  } else if (node.content) {
    const address = new URL(node.content.uri, base).href
    if (/\.json(\?|$)/.test(address)) {
      await tileset(address, own, { geometricError: error, parentError, region: parentRegion })
      if (children.length) complain(where, 'it names a tileset and has children')
      out.tiles--
    } else {
      await content(address, own, region, children.length === 0)
    }
  } else if (children.length > 0 && refine === 'REPLACE') {
    complain(where, 'an interior tile without content')
  }
  for (const child of children) await tile(child, base, own, error, region, refine)
}

// Tiles of an implicit tileset: volume and error follow from the address; what reaches over a border is in several leaves.
async function implicit(root, base, transform) {
  out.tiles--
  const { subtreeLevels: levels, availableLevels, subtrees } = root.implicitTiling
  if (root.implicitTiling.subdivisionScheme !== 'QUADTREE') return complain(base, 'it is no quadtree')
  const address = (template, [level, x, y]) => new URL(template.replace('{level}', level).replace('{x}', x).replace('{y}', y), base).href
  const region = ([level, x, y]) => {
    const [west, south, east, north, low, high] = root.boundingVolume.region
    const [w, h] = [(east - west) / 2 ** level, (north - south) / 2 ** level]
    return [west + x * w, south + y * h, west + (x + 1) * w, south + (y + 1) * h, low, high]
  }
  const children = ([level, x, y]) => [[0, 0], [1, 0], [0, 1], [1, 1]].map(([dx, dy]) => [level + 1, 2 * x + dx, 2 * y + dy])
  const subtree = async (top) => {
    const bytes = await get(address(subtrees.uri, top))
    if (!bytes) return null
    const length = Number(bytes.readBigUInt64LE(8))
    if (bytes.toString('latin1', 0, 4) !== 'subt' || length % 8 || bytes.length !== 24 + length + Number(bytes.readBigUInt64LE(16))) complain(top, 'is no subtree')
    const json = JSON.parse(bytes.subarray(24, 24 + length))
    const bit = (of, number) => {
      if (of.constant !== undefined) return of.constant === 1
      return (bytes[24 + length + json.bufferViews[of.bitstream].byteOffset + (number >> 3)] >> (number & 7) & 1) === 1
    }
    return { json, bit }
  }
  const waiting = [[0, 0, 0]]
  while (waiting.length) {
    const top = waiting.pop()
    const found = await subtree(top)
    if (!found) continue
    const { json, bit } = found
    let row = [[top, 0]]
    for (let depth = 0, before = 0; depth < levels; before += 4 ** depth++) {
      const next = []
      for (const [cell, number] of row) {
        if (!bit(json.tileAvailability, before + number)) continue
        out.tiles++
        if (cell[0] >= availableLevels) complain(cell.join('/'), 'it is deeper than the tileset says')
        if (!bit(json.contentAvailability[0], before + number)) complain(cell.join('/'), 'a tile without content')
        const below = children(cell).map((child, i) => [child, 4 * number + i])
        const there = depth + 1 < levels
          ? below.filter(([, n]) => bit(json.tileAvailability, before + 4 ** depth + n))
          : below.filter(([, n]) => bit(json.childSubtreeAvailability, n))
        await content(address(root.content.uri, cell), transform, region(cell), there.length === 0, true)
        if (depth + 1 < levels) next.push(...there)
        else waiting.push(...there.map(([child]) => child))
      }
      row = next
    }
  }
}

function glb(bytes) {
  const length = bytes.readUInt32LE(12)
  const json = JSON.parse(bytes.subarray(20, 20 + length).toString())
  return { json, bin: bytes.subarray(28 + length) }
}

function viewBytes(json, bin, number) {
  const view = json.bufferViews[number]
  const packed = view.extensions?.EXT_meshopt_compression
  if (!packed) return bin.subarray(view.byteOffset ?? 0, (view.byteOffset ?? 0) + view.byteLength)
  const source = bin.subarray(packed.byteOffset ?? 0, (packed.byteOffset ?? 0) + packed.byteLength)
  const target = new Uint8Array(packed.count * packed.byteStride)
  MeshoptDecoder.decodeGltfBuffer(target, packed.count, packed.byteStride, source, packed.mode, packed.filter ?? 'NONE')
  return Buffer.from(target.buffer)
}

function numbers(json, bin, number) {
  const accessor = json.accessors[number]
  const bytes = viewBytes(json, bin, accessor.bufferView)
  const width = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 }[accessor.type]
  const size = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 }[accessor.componentType]
  const stride = json.bufferViews[accessor.bufferView].byteStride ?? width * size
  const read = { 5120: 'readInt8', 5121: 'readUInt8', 5122: 'readInt16LE', 5123: 'readUInt16LE', 5125: 'readUInt32LE', 5126: 'readFloatLE' }[accessor.componentType]
  const rows = []
  for (let i = 0; i < accessor.count; i++) {
    const row = []
    for (let k = 0; k < width; k++) row.push(bytes[read](i * stride + k * size))
    rows.push(row)
  }
  return rows
}

let seen = 0
async function content(address, transform, region, isLeaf, isCut = false) {
  const bytes = await get(address)
  if (!bytes) return
  out.contents++
  out.bytes += bytes.length
  out.largest = Math.max(out.largest, bytes.length)
  if (bytes.length > MOST_BYTES) complain(address, `it has ${bytes.length} bytes`)
  const report = await validator.validateBytes(new Uint8Array(bytes), { maxIssues: 100 })
  for (const message of report.issues.messages) {
    out.messages[message.code] = (out.messages[message.code] ?? 0) + 1
    if (message.severity === 0) complain(address, `${message.code} ${message.pointer ?? ''} ${message.message}`)
  }
  const { json, bin } = glb(bytes)
  const table = json.extensions?.EXT_structural_metadata?.propertyTables?.[0]
  if (table) {
    if (table.count > MOST) complain(address, `${table.count} features`)
    const kind = json.extensions.EXT_structural_metadata.schema.classes.feature.properties.id.componentType
    const ids = viewBytes(json, bin, table.properties.id.values)
    out.features += isLeaf ? table.count : 0
    for (let i = 0; i < table.count; i++) {
      const id = kind === 'UINT32' ? ids.readUInt32LE(4 * i) : ids.readDoubleLE(8 * i)
      allIds.add(id)
      if (isLeaf && !isCut && leafIds.has(id)) complain(address, `feature ${id} is in another leaf, too`)
      if (isLeaf) leafIds.add(id)
    }
  }
  if (seen++ % sample !== 0) return
  // glTF's y is up, the tile's frame has z up.
  const toTile = multiply(transform, [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1])
  const parent = json.nodes?.find(node => node.children)
  const toFrame = parent?.matrix ? multiply(toTile, parent.matrix) : toTile
  const volume = [Infinity, Infinity, -Infinity, -Infinity, Infinity, -Infinity]
  const cover = at => {
    const [lon, lat, height] = geodetic(apply(toFrame, at))
    volume[0] = Math.min(volume[0], lon); volume[1] = Math.min(volume[1], lat)
    volume[2] = Math.max(volume[2], lon); volume[3] = Math.max(volume[3], lat)
    volume[4] = Math.min(volume[4], height); volume[5] = Math.max(volume[5], height)
  }
  for (const node of json.nodes ?? []) {
    if (node.mesh === undefined) continue
    const moved = at => cover(at.map((x, k) => x + (node.translation?.[k] ?? 0)))
    const instancing = node.extensions?.EXT_mesh_gpu_instancing
    for (const primitive of json.meshes[node.mesh].primitives) {
      const positions = numbers(json, bin, primitive.attributes.POSITION)
      if (positions.length > MOST) complain(address, `${positions.length} vertices in a primitive`)
      out.vertices += positions.length
      if (instancing) {
        extremes(instances(json, bin, instancing.attributes), positions).forEach(moved)
        const known = node.extensions.EXT_instance_features?.featureIds[0]
        const ids = known ? numbers(json, bin, instancing.attributes[`_FEATURE_ID_${known.attribute}`]) : []
        if (table && !known) complain(address, 'instances without features')
        for (const [f] of ids) if (f !== known.nullFeatureId && f >= table.count) { complain(address, 'a feature id of an instance is out of range'); break }
      } else {
        positions.forEach(moved)
      }
      const accessor = json.accessors[primitive.indices]
      for (const [i] of numbers(json, bin, primitive.indices)) if (i >= positions.length) { complain(address, 'an index is out of range'); break }
      const corners = primitive.mode === 1 ? 2 : 3
      if (accessor.count % corners) complain(address, corners === 2 ? 'indices are no lines' : 'indices are no triangles')
      const features = primitive.attributes._FEATURE_ID_0
      if (features !== undefined) {
        const none = primitive.extensions.EXT_mesh_features.featureIds[0].nullFeatureId
        for (const [f] of numbers(json, bin, features)) if (f !== none && f >= table.count) { complain(address, 'a feature id is out of range'); break }
      }
    }
  }
  if (region && volume[0] !== Infinity && !inside(volume, region, 2e-3)) {
    const apart = volume.map((v, i) => i < 4 ? (v - region[i]) * 6.3e6 : v - region[i])
    complain(address, `its content leaves its volume: ${apart.map(x => x.toFixed(3))} m`)
  }
}

/** Places, turns and sizes of instances; those that are not written are none. */
function instances(json, bin, attributes) {
  const rows = name => attributes[name] === undefined ? null : numbers(json, bin, attributes[name])
  const [turns, sizes] = [rows('ROTATION'), rows('SCALE')]
  return rows('TRANSLATION').map((at, i) => ({ at, turn: turns?.[i] ?? [0, 0, 0, 1], size: sizes?.[i] ?? [1, 1, 1] }))
}

/** The outermost of all vertices of instances, in the six directions of the axes. */
function extremes(all, positions) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity], out = []
  for (const { at, turn: [x, y, z, w], size } of all) for (const position of positions) {
    const p = position.map((value, k) => value * size[k])
    // v + 2 q x (q x v + w v)
    const c = [y * p[2] - z * p[1] + w * p[0], z * p[0] - x * p[2] + w * p[1], x * p[1] - y * p[0] + w * p[2]]
    const v = [
      at[0] + p[0] + 2 * (y * c[2] - z * c[1]), at[1] + p[1] + 2 * (z * c[0] - x * c[2]), at[2] + p[2] + 2 * (x * c[1] - y * c[0]),
    ]
    for (let k = 0; k < 3; k++) {
      if (v[k] < low[k]) { low[k] = v[k]; out[k] = v }
      if (v[k] > high[k]) { high[k] = v[k]; out[3 + k] = v }
    }
  }
  return out
}

await tileset(url, IDENTITY, null)
out.ids = options.includes('--ids') ? [...leafIds].sort((a, b) => a - b) : leafIds.size
if ([...allIds].some(id => !leafIds.has(id))) complain(url, 'an interior tile shows a feature that no leaf has')
console.log(JSON.stringify(out))
