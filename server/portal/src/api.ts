import type { FilterSpecification } from 'maplibre-gl';

/** What kind of geometry the features of a layer have. */
export type Geometry = 'none' | 'point' | 'line' | 'polygon' | 'mixed';

/** A text in both languages of the portal. */
export interface Bilingual {
  zh: string;
  en: string;
}

/** A field of a layer, as the catalogue describes it. */
export interface FieldInfo {
  name: string;
  title?: string | null;
  title_en?: string | null;
  type: string;
  unit?: string | null;
}

/** One line of a legend. */
export interface LegendEntry {
  label: Bilingual;
  shape: 'fill' | 'line' | 'point';
  color: string;
  outline?: string;
  width?: number;
  dash?: boolean;
  icon?: string;
}

/** One map layer of a fragment: a MapLibre layer without id and source, with its place in the map. */
export interface FragmentLayer {
  id: string;
  slot: string;
  rank?: number;
  interactive?: boolean;
  /** Names a long area in every tile, as rivers want, and not once at its label point. */
  repeat?: boolean;
  type: string;
  filter?: FilterSpecification;
  minzoom?: number;
  maxzoom?: number;
  layout?: Record<string, unknown>;
  paint?: Record<string, unknown>;
}

/** How a layer is drawn: the documents of `styles/`, described in `styles/README.md`. */
export interface StyleFragment {
  title?: Bilingual;
  visible?: boolean;
  /** Up to three colours for the mark of the layer in the list; without them, its legend gives it. */
  swatch?: string[];
  layers: FragmentLayer[];
  legend: LegendEntry[];
}

/** A layer of the catalogue (`GET /api/layers`). */
export interface LayerInfo {
  id: string;
  title: string;
  title_en?: string | null;
  department: string;
  group: string;
  kind: string;
  crs: string;
  /** What heights are measured from; absent for a layer without any. */
  heights?: string | null;
  /** West, south, east, north in degrees; absent while the layer is empty. */
  bounds: [number, number, number, number] | null;
  minzoom: number;
  maxzoom: number;
  count: number;
  revision: number;
  /** From when to when anything of the layer holds; absent for a layer without valid times. */
  time: { from: string | null; to: string | null } | null;
  /** The states that are shown unasked. */
  states?: string[];
  geometry: Geometry;
  fields: FieldInfo[];
  style: StyleFragment | null;
  /** Where the services of the layer are. */
  links?: { rel: string; href: string }[];
  /** The name of the style, which says what the layer is. */
  style_name?: string | null;
}

/** A whole feature (`GET /features/{layer}/{id}`). */
export interface Feature {
  type: 'Feature';
  id?: number | string;
  layer?: string;
  geometry: GeoJSON.Geometry | null;
  properties: Record<string, unknown> | null;
  state?: string;
  valid?: { from: string | null; to: string | null } | null;
}

/** Why an answer did not come: no connection, a refusal of the server, or something unreadable. */
export class ApiError extends Error {
  constructor(
    readonly reason: 'network' | 'status' | 'answer',
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** Addresses are relative to the page, so that the portal works below any path. */
export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** The layers, and the revision of the store that they are true of. */
export interface CatalogueAnswer {
  layers: LayerInfo[];
  revision: number;
}

/** Reads the catalogue. */
export async function fetchCatalogue(): Promise<CatalogueAnswer> {
  const { layers, revision = 0 } = await getJson<Partial<CatalogueAnswer>>('api/layers');
  if (!Array.isArray(layers)) throw new ApiError('answer', 200, 'layers is missing');
  return { layers, revision };
}

/** Reads one layer of the catalogue. */
export function fetchLayer(id: string): Promise<LayerInfo> {
  return getJson<LayerInfo>(`api/layers/${encodeURIComponent(id)}`);
}

/** Reads one feature with all of its properties; `view` is the query that chooses the moment. */
export function fetchFeature(layer: string, id: string | number, view: string, signal?: AbortSignal): Promise<Feature> {
  return getJson<Feature>(`features/${encodeURIComponent(layer)}/${encodeURIComponent(String(id))}${view}`, signal);
}

/** Asks what lies within `radius` metres of a point, in the given layers, in a view. */
export async function identify(
  at: { lng: number; lat: number },
  layers: string[],
  radius: number,
  view: string,
  signal?: AbortSignal,
): Promise<Feature[]> {
  const query = new URLSearchParams({
    lon: at.lng.toFixed(7),
    lat: at.lat.toFixed(7),
    layers: layers.join(','),
    radius: radius.toFixed(2),
  });
  const body = await getJson<{ features?: Feature[] }>(`identify?${query}${view.replace('?', '&')}`, signal);
  return body.features ?? [];
}

/** Reads JSON below the address of the page. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    const init: RequestInit = { headers: { Accept: 'application/geo+json, application/json' } };
    if (signal) init.signal = signal;
    answer = await fetch(address(path), init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('network', 0, String(error));
  }
  if (!answer.ok) throw new ApiError('status', answer.status, await problemDetail(answer));
  try {
    return (await answer.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('answer', answer.status, String(error));
  }
}

/** The `detail` of an `application/problem+json` body (RFC 9457), or nothing. */
async function problemDetail(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { title?: string; detail?: string };
    return problem.detail ?? problem.title ?? '';
  } catch {
    return '';
  }
}
