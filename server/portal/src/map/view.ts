import { Map as MapLibreMap, setWorkerUrl, type LngLat, type LngLatBoundsLike, type Point, type StyleSpecification } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { LayerInfo } from '../api.ts';
import type { Day } from '../days.ts';
import type { Change } from '../live.ts';
import type { Moment } from '../moment.ts';
import { isNetwork, type LayerState, type LayerStore } from '../store.ts';
import { compose, emptyStyle, ground, ideographs, layerOfSource, sourcesOf, type ComposedLayer } from './compose.ts';
import { Feeds, type Box } from './feeds.ts';
import { isFindings } from './findings.ts';
import { drawIconsOnDemand } from './icons.ts';
import { withOpacity } from './opacity.ts';
import { foundLayers, foundSources } from '../network/highlight.ts';
import { selectionLayers, selectionOrder, selectionSource } from './selection.ts';

setWorkerUrl(new URL(workerUrl, document.baseURI).href);

/** A feature under the pointer, as the tile knows it. */
export interface Hit {
  layer: string;
  id: number | string | undefined;
  properties: Record<string, unknown>;
  /** Whether it is ground that other things stand on, such as a district. */
  ground: boolean;
}

/** What stands above all but the labels: answers about networks, then the mark of what was picked. */
const marks = [...foundLayers, ...selectionLayers];

/** How visible surface layers stay in underground mode. */
const surfaceOpacity = 0.28;

/** Everywhere. */
const world: Box = [-180, -90, 180, 90];

/** The map on the page: follows the store and the moment, tells what was clicked, and nothing else. */
export class MapView {
  readonly map: MapLibreMap;
  private readonly composed = new Map<string, ComposedLayer>();
  private readonly added = new Set<string>();
  private readonly feeds: Feeds;
  private ahead = new AbortController();
  private below = false;

  constructor(
    container: HTMLElement,
    private readonly store: LayerStore,
    private readonly moment: Moment,
    label: string,
    padding: Padding,
  ) {
    const style = emptyStyle();
    for (const layer of store.visible()) this.prepare(layer);
    this.fill(style);

    this.map = new MapLibreMap({
      container,
      style,
      hash: true,
      attributionControl: false,
      localIdeographFontFamily: ideographs,
      locale: { 'Map.Title': label },
      maxZoom: 21,
      maxPitch: 60,
      renderWorldCopies: false,
      fadeDuration: 150,
      // Tiles beyond the last zoom stay whole: a change then finds them by their address.
      zoomLevelsToOverscale: undefined,
      ...this.startCamera(padding),
    });
    this.feeds = new Feeds(this.map);
    for (const id of this.added) this.feed(id);
    drawIconsOnDemand(this.map);
    this.map.on('error', (event) => this.explain(event));
    store.follow((layer) => this.apply(layer));
    store.followList(({ gone, redraw }) => {
      for (const id of [...gone, ...redraw]) this.takeAway(id);
      for (const layer of store.layers) this.apply(layer);
    });
    moment.follow(() => {
      for (const { info } of store.layers) if (this.added.has(info.id)) this.feeds.want(info.id, moment.query(info));
    });
  }

  /** Looks at one layer, beside the panels that lie over the map. */
  fitLayer(layer: LayerInfo, padding: Padding): void {
    if (layer.bounds) this.fit(layer.bounds, padding);
  }

  /** Looks at everything that is shown, or at everything there is. */
  fitAll(padding: Padding): void {
    const bounds = this.extent();
    if (bounds) this.fit(bounds, padding);
  }

  /** Looks at a box (west, south, east, north), not closer than a street block. */
  fit(bounds: [number, number, number, number], padding: Padding): void {
    this.map.fitBounds(asCorners(bounds), { padding, maxZoom: 17.5, duration: 600 });
  }

  /** What is drawn within `radius` pixels of a point, topmost first, each feature once. */
  hits(point: Point, radius: number): Hit[] {
    const layers = [...this.composed.values()]
      .filter(({ layer, spec, interactive }) => interactive && this.store.get(layer)?.visible && this.map.getLayer(spec.id))
      .map(({ spec }) => spec.id);
    if (layers.length === 0) return [];
    const found = this.map.queryRenderedFeatures(
      [
        [point.x - radius, point.y - radius],
        [point.x + radius, point.y + radius],
      ],
      { layers },
    );
    const seen = new Set<string>();
    const hits: Hit[] = [];
    for (const feature of found) {
      const composed = this.composed.get(feature.layer.id);
      if (!composed) continue;
      const { layer, ground } = composed;
      const key = `${layer}/${feature.id ?? JSON.stringify(feature.properties)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      hits.push({ layer, id: feature.id, properties: feature.properties, ground });
    }
    return hits;
  }

  /** The visible layers that can be asked about at this zoom. */
  askable(): LayerInfo[] {
    const zoom = this.map.getZoom();
    return this.store
      .visible()
      .map(({ info }) => info)
      .filter((info) => zoom >= info.minzoom);
  }

  /** How many metres one pixel is, at a point. */
  metresPerPixel(at: LngLat): number {
    return (Math.cos((at.lat * Math.PI) / 180) * 2 * Math.PI * 6378137) / (512 * 2 ** this.map.getZoom());
  }

  /** Loads a layer's tiles again after a failure. */
  reload(id: string): void {
    this.takeAway(id);
    this.store.change(id, { failure: null });
  }

  /** Reads anew the tiles that a change touches, and only those. */
  refresh({ layer, bounds }: Pick<Change, 'layer' | 'bounds'>): void {
    this.feeds.touch(layer, bounds ?? world);
  }

  /** Whether the map shows the moment that was asked for. */
  get settled(): boolean {
    return this.feeds.settled;
  }

  /** Reads what another day will need, while this one is looked at. */
  prepareDay(day: Day): void {
    this.ahead.abort();
    this.ahead = new AbortController();
    for (const { info } of this.store.visible()) {
      const query = this.moment.queryOn(info, day);
      if (query !== this.moment.query(info)) this.feeds.fetchAhead(info, query, this.ahead.signal);
    }
  }

  /** Whether what lies on the surface stands back, so that networks are seen. */
  get underground(): boolean {
    return this.below;
  }

  set underground(below: boolean) {
    this.below = below;
    this.map.setPaintProperty('background', 'background-color', below ? ground.below : ground.above);
    for (const layer of this.store.layers) if (this.added.has(layer.info.id)) this.apply(layer);
  }

  /** The opacity that a layer is drawn with. */
  private opacityOf({ info, opacity }: LayerState): number {
    return this.below && !isNetwork(info) && !isFindings(info) ? opacity * surfaceOpacity : opacity;
  }

  /** Removes a layer from the map; shown again, it is made anew. */
  private takeAway(id: string): void {
    if (!this.added.delete(id)) return;
    const sources = new Set<string>();
    for (const { spec } of this.layersOf(id)) {
      this.composed.delete(spec.id);
      if (this.map.getLayer(spec.id)) this.map.removeLayer(spec.id);
      if ('source' in spec && typeof spec.source === 'string') sources.add(spec.source);
    }
    for (const source of sources) {
      this.feeds.remove(source);
      if (this.map.getSource(source)) this.map.removeSource(source);
    }
  }

  /** Keeps the sources of a layer up to date from now on. */
  private feed(id: string): void {
    const info = this.store.get(id)?.info;
    if (!info) return;
    const query = this.moment.query(info);
    for (const [source, { tiles }] of sourcesOf(info, query)) this.feeds.add(source, id, tiles, query);
  }

  private startCamera(padding: Padding): { bounds?: LngLatBoundsLike; fitBoundsOptions?: object } {
    const bounds = this.extent();
    if (!bounds) return {};
    return { bounds: asCorners(bounds), fitBoundsOptions: { padding, maxZoom: 17 } };
  }

  private extent(): [number, number, number, number] | null {
    const shown = this.store.visible();
    const boxes = (shown.length > 0 ? shown : this.store.layers).flatMap(({ info }) => (info.bounds ? [info.bounds] : []));
    if (boxes.length === 0) return null;
    return [
      Math.min(...boxes.map((box) => box[0])),
      Math.min(...boxes.map((box) => box[1])),
      Math.max(...boxes.map((box) => box[2])),
      Math.max(...boxes.map((box) => box[3])),
    ];
  }

  private layersOf(id: string): ComposedLayer[] {
    return [...this.composed.values()].filter(({ layer }) => layer === id);
  }

  private prepare(layer: LayerState): ComposedLayer[] {
    const { info } = layer;
    const index = this.store.layers.findIndex((other) => other.info === info);
    const layers = compose(info, index, this.opacityOf(layer));
    for (const part of layers) this.composed.set(part.spec.id, part);
    return layers;
  }

  private fill(style: StyleSpecification): void {
    const ordered = [...this.composed.values()].sort((a, b) => a.order - b.order);
    style.layers.push(...ordered.filter(({ order }) => order < selectionOrder).map(({ spec }) => spec));
    style.layers.push(...marks);
    style.layers.push(...ordered.filter(({ order }) => order > selectionOrder).map(({ spec }) => spec));
    Object.assign(style.sources, foundSources, selectionSource);
    for (const { info } of this.store.visible()) {
      for (const [source, { spec }] of sourcesOf(info, this.moment.query(info))) style.sources[source] = spec;
      this.added.add(info.id);
    }
  }

  /** Brings the map in line with what is chosen for a layer; a layer is added when first shown. */
  private apply(layer: LayerState): void {
    const { info, visible } = layer;
    if (visible && !this.added.has(info.id)) {
      this.added.add(info.id);
      for (const [source, { spec }] of sourcesOf(info, this.moment.query(info))) this.map.addSource(source, spec);
      this.feed(info.id);
      for (const composed of this.prepare(layer)) this.map.addLayer(composed.spec, this.above(composed.order));
      return;
    }
    for (const { spec, paint } of this.layersOf(info.id)) {
      if (!this.map.getLayer(spec.id)) continue;
      this.map.setLayoutProperty(spec.id, 'visibility', visible ? 'visible' : 'none');
      for (const [property, value] of withOpacity(spec.type, paint, this.opacityOf(layer))) {
        this.map.setPaintProperty(spec.id, property as never, value as never);
      }
    }
  }

  /** The lowest map layer that belongs above `order`. */
  private above(order: number): string | undefined {
    const higher = [...this.composed.values()]
      .filter((other) => other.order > order && this.map.getLayer(other.spec.id))
      .sort((a, b) => a.order - b.order)[0];
    const selectionIsNext = order < selectionOrder && (!higher || higher.order > selectionOrder);
    return selectionIsNext ? marks[0]?.id : higher?.spec.id;
  }

  /** Notes which layer an error belongs to, so that the panel can say so. */
  private explain(event: { error?: { message?: string }; sourceId?: string }): void {
    const id = event.sourceId === undefined ? undefined : layerOfSource(event.sourceId);
    const reason = event.error?.message ?? '';
    if (id !== undefined && this.store.get(id)) {
      this.store.change(id, { failure: reason });
    } else {
      console.warn('map:', reason);
    }
  }
}

/** Pixels to leave free on each side of the map. */
export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

function asCorners([west, south, east, north]: [number, number, number, number]): [[number, number], [number, number]] {
  return [
    [west, south],
    [east, north],
  ];
}
