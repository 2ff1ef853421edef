// Judges GLBs by gltf-validator and unpacks them with meshoptimizer's decoder.
//
//   node judge.mjs FILE...
//
// Prints a JSON list of {errors, warnings} and writes FILE.unpacked: the buffer that the packed views lie in.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const require = createRequire(new URL('../../../tests/judges/package.json', import.meta.url))
const validator = require('gltf-validator')
const { MeshoptDecoder } = await import(pathToFileURL(require.resolve('meshoptimizer')))
await MeshoptDecoder.ready

// What the validator does not know is none of its business.
const UNKNOWN = new Set(['UNSUPPORTED_EXTENSION', 'UNUSED_OBJECT', 'IMAGE_NPOT_DIMENSIONS'])
const SEVERITIES = { 0: 'errors', 1: 'warnings' }

const all = []
for (const file of process.argv.slice(2)) {
  const bytes = readFileSync(file)
  const report = await validator.validateBytes(new Uint8Array(bytes), { maxIssues: 0 })
  const said = { errors: [], warnings: [] }
  for (const { severity, code, pointer, message } of report.issues.messages) {
    if (!UNKNOWN.has(code)) said[SEVERITIES[severity]]?.push(`${code} ${pointer ?? ''} ${message}`)
  }
  const length = bytes.readUInt32LE(12)
  const json = JSON.parse(bytes.subarray(20, 20 + length).toString())
  const binary = bytes.subarray(28 + length)
  const unpacked = new Uint8Array(json.buffers?.[1]?.byteLength ?? 0)
  for (const view of json.bufferViews ?? []) {
    const packed = view.extensions?.EXT_meshopt_compression
    if (!packed) continue
    const source = binary.subarray(packed.byteOffset ?? 0, (packed.byteOffset ?? 0) + packed.byteLength)
    const target = new Uint8Array(packed.count * packed.byteStride)
    MeshoptDecoder.decodeGltfBuffer(target, packed.count, packed.byteStride, source, packed.mode, packed.filter ?? 'NONE')
    unpacked.set(target, view.byteOffset ?? 0)
  }
  writeFileSync(`${file}.unpacked`, unpacked)
  all.push(said)
}
console.log(JSON.stringify(all))
