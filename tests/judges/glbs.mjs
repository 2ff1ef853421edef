// Judges all GLBs below a folder by gltf-validator.
//
//   node glbs.mjs FOLDER
//
// Prints one JSON object: {glbs, bytes, gzipped, largest, errors, warnings, messages: {code: count}}.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import validator from 'gltf-validator'

const out = { glbs: 0, bytes: 0, gzipped: 0, largest: 0, errors: 0, warnings: 0, messages: {} }
const waiting = [process.argv[2]]
while (waiting.length) {
  const folder = waiting.pop()
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) waiting.push(path)
    if (entry.isDirectory() || !entry.name.endsWith('.glb')) continue
    const bytes = readFileSync(path)
    out.glbs++
    out.bytes += statSync(path).size
    out.gzipped += gzipSync(bytes, { level: 6 }).length
    out.largest = Math.max(out.largest, bytes.length)
    const { issues } = await validator.validateBytes(new Uint8Array(bytes), { maxIssues: 1000 })
    out.errors += issues.numErrors
    out.warnings += issues.numWarnings
    for (const { code } of issues.messages) out.messages[code] = (out.messages[code] ?? 0) + 1
  }
}
console.log(JSON.stringify(out))
