// Decodes vector tiles with Mapbox's own decoder and prints what is in them as canonical JSON, one line a
// file. Exits with 1 and says why if a tile breaks a rule of the Mapbox Vector Tile Specification 2.1.
//
//     node decode_tile.mjs FILE...

import { readFileSync } from 'node:fs';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';

const TYPES = ['Unknown', 'Point', 'LineString', 'Polygon'];
let complaints = 0;

function complain(file, text) {
    console.error(`${file}: ${text}`);
    complaints += 1;
}

/** Twice the area by the surveyor's formula (4.3.3.3), positive for exterior rings. */
function doubledArea(ring) {
    let sum = 0;
    for (let i = 1; i < ring.length; i++) {
        sum += ring[i - 1].x * ring[i].y - ring[i].x * ring[i - 1].y;
    }
    return sum;
}

/** What the decoder forgives: names, keys and values that repeat (4.1, 4.4), versions, extents. */
function checkMessages(file, bytes) {
    const layers = [];
    new PbfReader(bytes).readFields((tag, _, pbf) => {
        if (tag !== 3) return;
        const layer = { name: null, version: 1, extent: 4096, keys: [], values: [], features: 0 };
        const end = pbf.readVarint() + pbf.pos;
        pbf.readFields((field) => {
            if (field === 1) layer.name = pbf.readString();
            else if (field === 2) { layer.features += 1; pbf.readBytes(); }
            else if (field === 3) layer.keys.push(pbf.readString());
            else if (field === 4) layer.values.push(Buffer.from(pbf.readBytes()).toString('hex'));
            else if (field === 5) layer.extent = pbf.readVarint();
            else if (field === 15) layer.version = pbf.readVarint();
        }, null, end);
        layers.push(layer);
    }, null);
    const names = new Set();
    for (const layer of layers) {
        const of = `layer '${layer.name}'`;
        if (!layer.name) complain(file, 'a layer has no name');
        if (names.has(layer.name)) complain(file, `${of} comes twice`);
        names.add(layer.name);
        if (layer.version !== 2) complain(file, `${of} has version ${layer.version}`);
        if (layer.features === 0) complain(file, `${of} has no features`);
        if (new Set(layer.keys).size !== layer.keys.length) complain(file, `${of} has a key twice`);
        if (new Set(layer.values).size !== layer.values.length) complain(file, `${of} has a value twice`);
    }
}

function checkRings(file, of, rings) {
    let outer = null;
    for (const ring of rings) {
        const first = ring[0];
        const last = ring[ring.length - 1];
        if (ring.length < 4) complain(file, `${of} has a ring of ${ring.length} points`);
        if (first.x !== last.x || first.y !== last.y) complain(file, `${of} has an open ring`);
        const area = doubledArea(ring);
        if (area === 0) complain(file, `${of} has a ring without area`);
        if (area < 0 && outer === null) complain(file, `${of} begins with an interior ring`);
        if (area < 0 && outer !== null && -area > outer) complain(file, `${of} has a hole larger than its polygon`);
        if (area > 0) outer = area;
        for (let i = 1; i < ring.length; i++) {
            if (ring[i].x === ring[i - 1].x && ring[i].y === ring[i - 1].y) complain(file, `${of} repeats a point`);
        }
    }
}

function describe(file, feature) {
    const type = TYPES[feature.type];
    const geometry = feature.loadGeometry();
    const of = `feature ${feature.id}`;
    if (type === 'Unknown') complain(file, `${of} has no geometry type`);
    if (geometry.length === 0) complain(file, `${of} has no geometry`);
    if (feature.id === undefined) complain(file, `${of} has no id`);
    if (type === 'LineString' && geometry.some((line) => line.length < 2)) complain(file, `${of} has a line of one point`);
    if (type === 'Polygon') checkRings(file, of, geometry);
    // A closing point is the decoder's addition.
    const parts = geometry.map((part) => (type === 'Polygon' ? part.slice(0, -1) : part).map((p) => [p.x, p.y]));
    const described = { id: feature.id, type, parts, properties: sorted(feature.properties) };
    if (type === 'Polygon') described.areas = geometry.map((ring) => doubledArea(ring) / 2);
    return sorted(described);
}

function sorted(object) {
    return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

for (const file of process.argv.slice(2)) {
    try {
        const bytes = readFileSync(file);
        checkMessages(file, bytes);
        const tile = new VectorTile(new PbfReader(bytes));
        const layers = {};
        for (const name of Object.keys(tile.layers).sort()) {
            const layer = tile.layers[name];
            const features = [];
            for (let i = 0; i < layer.length; i++) features.push(describe(file, layer.feature(i)));
            layers[name] = { extent: layer.extent, features };
        }
        console.log(JSON.stringify({ file, layers }));
    } catch (error) {
        complain(file, error.message);
    }
}
process.exitCode = complaints > 0 ? 1 : 0;
