import type { GeoJSONSource, LayerSpecification, Map as MapLibreMap, StyleSpecification } from 'maplibre-gl';
import { drawOrder } from './slots.ts';

const source = 'selection';
const color = '#e0482e';
const nothing: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The marks stand above everything but the labels. */
export const selectionOrder = drawOrder('labels', -50, 0, 0) - 1;

/** Holds the selected feature. */
export const selectionSource: StyleSpecification['sources'] = { [source]: { type: 'geojson', data: nothing } };

/** The marks that show the selected feature, lowest first. */
export const selectionLayers: LayerSpecification[] = [
  {
    id: 'selection/fill',
    type: 'fill',
    source,
    filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': color, 'fill-opacity': 0.08 },
  },
  {
    id: 'selection/halo',
    type: 'line',
    source,
    filter: ['!=', ['geometry-type'], 'Point'],
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': '#ffffff', 'line-width': 5.5, 'line-opacity': 0.9 },
  },
  {
    id: 'selection/line',
    type: 'line',
    source,
    filter: ['!=', ['geometry-type'], 'Point'],
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': color, 'line-width': 2.5 },
  },
  {
    id: 'selection/point',
    type: 'circle',
    source,
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 13,
      'circle-color': 'rgba(224,72,46,0.12)',
      'circle-stroke-color': color,
      'circle-stroke-width': 2.5,
    },
  },
];

/** Marks a geometry, or nothing. */
export function select(map: MapLibreMap, geometry: GeoJSON.Geometry | null): void {
  const data: GeoJSON.GeoJSON = geometry ? { type: 'Feature', properties: {}, geometry } : nothing;
  map.getSource<GeoJSONSource>(source)?.setData(data);
}

/** The box around a geometry as west, south, east, north; nothing for an empty one. */
export function boundsOf(geometry: GeoJSON.Geometry): [number, number, number, number] | null {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (coordinates: unknown): void => {
    if (!Array.isArray(coordinates)) return;
    const [x, y] = coordinates as unknown[];
    if (typeof x === 'number' && typeof y === 'number') {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    } else {
      coordinates.forEach(visit);
    }
  };
  const walk = (part: GeoJSON.Geometry): void => {
    if (part.type === 'GeometryCollection') part.geometries.forEach(walk);
    else visit(part.coordinates);
  };
  walk(geometry);
  return Number.isFinite(box[0]) ? box : null;
}
