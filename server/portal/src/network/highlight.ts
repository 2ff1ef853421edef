import type { ExpressionSpecification, GeoJSONSource, LayerSpecification, Map as MapLibreMap, StyleSpecification } from 'maplibre-gl';
import { localFontStack } from '../map/compose.ts';
import { looks, type Look } from './roles.ts';

const found = 'network-found';
const sketched = 'network-sketch';
const nothing: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
const role: ExpressionSpecification = ['get', 'role'];
const ink = '#1c2733';

/** Roles of valves that are written with their number or drawn as discs. */
const discs = ['must_close', 'optional', 'already_closed', 'inoperable', 'barrier', 'valve', 'stub'];
const dashed = Object.keys(looks).filter((name) => looks[name]?.dashed);

/** A value for each role, for MapLibre. */
function byRole(value: (look: Look) => string | number, otherwise: string | number): ExpressionSpecification {
  return ['match', role, ...Object.entries(looks).flatMap(([name, look]) => [name, value(look)]), otherwise] as unknown as ExpressionSpecification;
}

/** A width that grows with the zoom, times the weight of the role, and more all around. */
function width(more: number): ExpressionSpecification {
  const weight = byRole(({ weight = 1 }) => weight, 1);
  const at = (plain: number): ExpressionSpecification => ['+', ['*', weight, plain], more];
  return ['interpolate', ['linear'], ['zoom'], 11, at(1.6), 15, at(3.4), 18, at(6), 20, at(9)];
}

function is(kind: string): ExpressionSpecification {
  return ['==', ['geometry-type'], kind];
}

const inDiscs: ExpressionSpecification = ['in', role, ['literal', discs]];
const inDashed: ExpressionSpecification = ['in', role, ['literal', dashed]];
const round = { 'line-join': 'round', 'line-cap': 'round' } as const;

/** What answers and sketches are drawn from. */
export const foundSources: StyleSpecification['sources'] = {
  [found]: { type: 'geojson', data: nothing },
  [sketched]: { type: 'geojson', data: nothing },
};

/** What answers and sketches are drawn with, lowest first. */
export const foundLayers: LayerSpecification[] = [
  { id: 'found/area', type: 'fill', source: found, filter: is('Polygon'), paint: { 'fill-color': '#f07b16', 'fill-opacity': 0.14 } },
  {
    id: 'found/outline',
    type: 'line',
    source: found,
    filter: is('Polygon'),
    layout: { 'line-join': 'round' },
    paint: { 'line-color': '#e06a05', 'line-width': 1.4, 'line-dasharray': [3, 2], 'line-opacity': 0.85 },
  },
  { id: 'sketch/area', type: 'fill', source: sketched, filter: is('Polygon'), paint: { 'fill-color': ink, 'fill-opacity': 0.1 } },
  {
    id: 'found/halo',
    type: 'line',
    source: found,
    filter: is('LineString'),
    layout: round,
    paint: { 'line-color': '#ffffff', 'line-opacity': 0.9, 'line-width': width(3) },
  },
  {
    id: 'found/line',
    type: 'line',
    source: found,
    filter: ['all', is('LineString'), ['!', inDashed]],
    layout: { ...round, 'line-sort-key': byRole(({ weight = 1 }) => weight, 0) },
    paint: { 'line-color': byRole(({ color }) => color, '#8794a1'), 'line-width': width(0) },
  },
  {
    id: 'found/dashed',
    type: 'line',
    source: found,
    filter: ['all', is('LineString'), inDashed],
    layout: { 'line-join': 'round' },
    paint: { 'line-color': byRole(({ color }) => color, '#8794a1'), 'line-width': width(0), 'line-dasharray': [2, 0.9] },
  },
  {
    id: 'found/point',
    type: 'circle',
    source: found,
    filter: ['all', is('Point'), ['!', inDiscs]],
    minzoom: 10,
    paint: {
      'circle-color': byRole(({ color }) => color, '#8794a1'),
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, radius(0.8), 13, radius(1.5), 16, radius(3.6), 19, radius(6.5)],
      'circle-stroke-color': '#ffffff',
      'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 13, 0.3, 16, 1.2],
    },
  },
  {
    id: 'sketch/casing',
    type: 'line',
    source: sketched,
    filter: ['!=', ['geometry-type'], 'Point'],
    layout: round,
    paint: { 'line-color': '#ffffff', 'line-width': 5, 'line-opacity': 0.9 },
  },
  {
    id: 'sketch/line',
    type: 'line',
    source: sketched,
    filter: ['!=', ['geometry-type'], 'Point'],
    paint: { 'line-color': ink, 'line-width': 2, 'line-dasharray': [4, 1.6] },
  },
  {
    id: 'sketch/point',
    type: 'circle',
    source: sketched,
    filter: ['all', is('Point'), ['!', ['has', 'name']]],
    paint: { 'circle-radius': 4.5, 'circle-color': '#ffffff', 'circle-stroke-color': ink, 'circle-stroke-width': 2 },
  },
  {
    id: 'sketch/end',
    type: 'circle',
    source: sketched,
    filter: ['has', 'name'],
    paint: { 'circle-radius': 11, 'circle-color': ink, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 2 },
  },
  {
    id: 'sketch/name',
    type: 'symbol',
    source: sketched,
    filter: ['has', 'name'],
    layout: { 'text-field': ['get', 'name'], 'text-font': localFontStack('Bold'), 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true },
    paint: { 'text-color': '#ffffff' },
  },
  {
    id: 'found/disc',
    type: 'circle',
    source: found,
    filter: ['all', is('Point'), inDiscs],
    paint: {
      'circle-color': byRole(({ color }) => color, '#8794a1'),
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 12, ['match', role, 'must_close', 8, 4], 16, ['match', role, 'must_close', 12, 8]],
      'circle-stroke-color': ['match', role, ['optional', 'valve'], '#5b6672', '#ffffff'],
      'circle-stroke-width': 2,
    },
  },
  {
    id: 'found/number',
    type: 'symbol',
    source: found,
    filter: ['all', is('Point'), inDiscs],
    layout: {
      'text-field': ['match', role, 'must_close', ['to-string', ['get', 'number']], 'inoperable', '×', 'stub', '→', ''],
      'text-font': localFontStack('Bold'),
      'text-size': 13,
      'text-allow-overlap': true,
      'text-ignore-placement': true,
      'symbol-sort-key': ['coalesce', ['get', 'number'], 0],
    },
    paint: { 'text-color': '#ffffff' },
  },
];

/** The radius of a point by its role; one that is only there is smaller than one that matters. */
function radius(plain: number): ExpressionSpecification {
  return ['*', byRole(({ weight = 1 }) => weight, 1), ['match', role, ['traced', 'shut', 'behind', 'path'], plain * 0.6, plain]];
}

/** Shows what was found, or nothing. */
export function showFound(map: MapLibreMap, features: GeoJSON.FeatureCollection | null): void {
  map.getSource<GeoJSONSource>(found)?.setData(features ?? nothing);
}

/** Shows a line or an area that is being drawn, or stays as what was asked about. */
export function showSketch(map: MapLibreMap, features: GeoJSON.FeatureCollection | null): void {
  map.getSource<GeoJSONSource>(sketched)?.setData(features ?? nothing);
}
