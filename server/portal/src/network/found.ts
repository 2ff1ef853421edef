import { boundsOf, select } from '../map/selection.ts';
import type { MapView } from '../map/view.ts';
import { showFound } from './highlight.ts';

type Box = [west: number, south: number, east: number, north: number];
type Geometry = GeoJSON.Geometry | null | undefined;

/** What was found in networks, on the map: keeps the features, marks one, goes to it. */
export class Found {
  private readonly byName = new Map<string, GeoJSON.Feature>();
  /** Whether the mark on the map is of something that was found. */
  private marked = false;

  constructor(
    private readonly view: MapView,
    private readonly fit: (bounds: Box) => void,
  ) {}

  get features(): GeoJSON.Feature[] {
    return [...this.byName.values()];
  }

  /** Shows features, and beside them what was asked about; nothing takes all away. */
  show(features: GeoJSON.FeatureCollection | undefined, about: Geometry[] = []): void {
    this.mark(null, null);
    this.byName.clear();
    for (const feature of features?.features ?? []) this.byName.set(nameOf(String(feature.properties?.['layer'] ?? ''), feature.id), feature);
    const subjects = about.flatMap((geometry): GeoJSON.Feature[] => (geometry ? [{ type: 'Feature', properties: { role: 'subject' }, geometry }] : []));
    showFound(this.view.map, features ? { ...features, features: [...features.features, ...subjects] } : null);
  }

  /** Goes where all of it is. */
  travel(): void {
    const bounds = boundsOf({ type: 'GeometryCollection', geometries: this.features.map(({ geometry }) => geometry) });
    if (bounds) this.fit(bounds);
  }

  /** Goes where most of it is: wrong coordinates are what checks find. */
  travelToMost(): void {
    const bounds = mostOf(this.features);
    if (bounds) this.fit(bounds);
  }

  /** Marks something that was found; nothing takes the mark away. */
  mark(layer: string | null, id: number | null): void {
    if (id === null && !this.marked) return;
    this.marked = id !== null;
    select(this.view.map, id === null ? null : (this.get(layer, id)?.geometry ?? null));
  }

  /** Goes to something that was found, and marks it. */
  visit(layer: string | null, id: number | null, at?: [number, number] | null): void {
    const geometry = id === null ? undefined : this.get(layer, id)?.geometry;
    const target: GeoJSON.Geometry | undefined = geometry ?? (at ? { type: 'Point', coordinates: at } : undefined);
    const bounds = target && boundsOf(target);
    if (!bounds || !target) return;
    this.marked = true;
    select(this.view.map, target);
    this.fit(bounds);
  }

  private get(layer: string | null, id: number): GeoJSON.Feature | undefined {
    return this.byName.get(nameOf(layer ?? '', id)) ?? this.byName.get(nameOf('', id));
  }
}

function nameOf(layer: string, id: number | string | undefined): string {
  return `${layer}/${id}`;
}

/** The box around points but for the few that lie far away. */
function mostOf(features: GeoJSON.Feature[]): Box | null {
  const places = features.flatMap(({ geometry }) => (geometry?.type === 'Point' ? [geometry.coordinates] : []));
  const along = (axis: 0 | 1) => places.map((place) => place[axis] ?? 0).sort((a, b) => a - b);
  const [x, y] = [along(0), along(1)];
  const left = Math.floor(places.length / 12);
  const box = [x[left], y[left], x.at(-1 - left), y.at(-1 - left)];
  return places.length > 0 ? (box as Box) : null;
}
