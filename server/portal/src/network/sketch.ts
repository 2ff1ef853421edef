import type { Map as MapLibreMap, MapMouseEvent } from 'maplibre-gl';
import { showSketch } from './highlight.ts';

/** Longitude and latitude, degrees. */
export type Place = [number, number];
/** What can be drawn. */
export type SketchKind = 'line' | 'polygon';

/** How near to its first corner a click closes a polygon, pixels. */
const closing = 10;
/** The least number of corners. */
const least: Record<SketchKind, number> = { line: 2, polygon: 3 };
const earthRadius = 6371008.8;

/**
 * Draws a line or a polygon on the map: a click sets a corner, a double click or Enter ends it, Backspace takes
 * the last corner back, and the space bar sets a corner in the middle of the map, for those without a pointer.
 */
export class Sketch {
  private corners: Place[] = [];
  private kind: SketchKind | null = null;
  private pointer: Place | null = null;
  private readonly stop: (() => void)[] = [];
  private done: (corners: Place[]) => void = () => {};
  private changed: () => void = () => {};

  constructor(private readonly map: MapLibreMap) {}

  /** What is being drawn. */
  get drawing(): SketchKind | null {
    return this.kind;
  }

  /** Whether there are enough corners. */
  get complete(): boolean {
    return this.kind !== null && this.corners.length >= least[this.kind];
  }

  /** How many corners there are. */
  get count(): number {
    return this.corners.length;
  }

  /** Length of the line, or of what is drawn of the edge, with the way to the pointer, metres. */
  get length(): number {
    return lengthOf(this.trail());
  }

  /** Starts a drawing; `changed` is called whenever it changes, `done` once it is complete. */
  start(kind: SketchKind, changed: () => void, done: (corners: Place[]) => void): void {
    this.cancel();
    Object.assign(this, { kind, changed, done, corners: [], pointer: null });
    const { map } = this;
    const click = ({ point, lngLat }: MapMouseEvent) => {
      const first = this.corners[0];
      if (kind === 'polygon' && first && this.complete && map.project(first).dist(point) < closing) this.finish();
      else this.add([lngLat.lng, lngLat.lat]);
    };
    const move = ({ lngLat }: MapMouseEvent) => {
      this.pointer = [lngLat.lng, lngLat.lat];
      this.show();
    };
    const twice = (event: MapMouseEvent) => {
      event.preventDefault();
      this.finish();
    };
    const keys = (event: KeyboardEvent) => this.key(event);
    map.on('click', click);
    map.on('mousemove', move);
    map.on('dblclick', twice);
    document.addEventListener('keydown', keys, true);
    document.body.classList.add('sketching');
    this.stop.push(
      () => map.off('click', click),
      () => map.off('mousemove', move),
      () => map.off('dblclick', twice),
      () => document.removeEventListener('keydown', keys, true),
      () => document.body.classList.remove('sketching'),
    );
    changed();
  }

  /** Ends the drawing, when there are enough corners. */
  finish(): void {
    // A double click is two clicks first: its second corner is the first one again.
    this.corners = this.corners.filter((corner, i) => i === 0 || this.apart(corner, this.corners[i - 1]));
    if (!this.complete) return;
    const { corners, done } = this;
    this.end();
    done(corners);
  }

  /** Takes the last corner back. */
  undo(): void {
    this.corners.pop();
    this.show();
    this.changed();
  }

  /** Gives up. */
  cancel(): void {
    if (this.kind === null) return;
    this.end();
    showSketch(this.map, null);
  }

  private end(): void {
    this.kind = null;
    this.stop.splice(0).forEach((stop) => stop());
  }

  private add(corner: Place): void {
    if (!this.apart(corner, this.corners.at(-1))) return;
    this.corners.push(corner);
    this.show();
    this.changed();
  }

  private apart(a: Place, b: Place | undefined): boolean {
    return b === undefined || this.map.project(a).dist(this.map.project(b)) > 2;
  }

  private key(event: KeyboardEvent): void {
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    const onButton = target instanceof HTMLButtonElement;
    if (event.key === 'Enter' && !onButton) this.finish();
    else if (event.key === 'Backspace') this.undo();
    else if (event.key === ' ' && !onButton) {
      const { lng, lat } = this.map.getCenter();
      this.add([lng, lat]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private trail(): Place[] {
    return this.pointer && this.corners.length > 0 ? [...this.corners, this.pointer] : this.corners;
  }

  private show(): void {
    const trail = this.trail();
    const features: GeoJSON.Feature[] = this.corners.map((coordinates) => feature({ type: 'Point', coordinates }));
    if (this.kind === 'polygon' && trail.length > 2) features.push(feature({ type: 'Polygon', coordinates: [[...trail, trail[0] as Place]] }));
    else if (trail.length > 1) features.push(feature({ type: 'LineString', coordinates: trail }));
    showSketch(this.map, { type: 'FeatureCollection', features });
  }
}

/** A drawn line as it stays on the map, with names at its ends; or a drawn area. */
export function drawn(kind: SketchKind, corners: Place[]): GeoJSON.FeatureCollection {
  const [first, last] = [corners[0], corners.at(-1)];
  if (!first || !last) return { type: 'FeatureCollection', features: [] };
  const features =
    kind === 'polygon'
      ? [feature({ type: 'Polygon', coordinates: [[...corners, first]] })]
      : [
          feature({ type: 'LineString', coordinates: corners }),
          feature({ type: 'Point', coordinates: first }, { name: 'A' }),
          feature({ type: 'Point', coordinates: last }, { name: 'A′' }),
        ];
  return { type: 'FeatureCollection', features };
}

/** Corners as the server reads them. */
export function placesText(corners: Place[]): string {
  return corners.map(([lon, lat]) => `${lon.toFixed(8)},${lat.toFixed(8)}`).join(';');
}

/** Length along corners, metres on a sphere. */
export function lengthOf(corners: Place[]): number {
  let sum = 0;
  for (const [i, [lon, lat]] of corners.entries()) {
    const before = corners[i - 1];
    if (!before) continue;
    const [dx, dy] = [((lon - before[0]) * Math.PI) / 180, ((lat - before[1]) * Math.PI) / 180];
    sum += earthRadius * Math.hypot(dx * Math.cos((((lat + before[1]) / 2) * Math.PI) / 180), dy);
  }
  return sum;
}

function feature(geometry: GeoJSON.Geometry, properties: GeoJSON.GeoJsonProperties = {}): GeoJSON.Feature {
  return { type: 'Feature', properties, geometry };
}
