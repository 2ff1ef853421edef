import type { Cesium3DTileset, CesiumWidget, PointPrimitiveCollection, PolylineCollection } from '@cesium/engine';
import { paintFor, roofLight, usualHeight } from '../scene/light.ts';
import type { Cesium } from '../scene/program.ts';
import { ask } from './ask.ts';
import { systemColor } from './names.ts';
import { colorOf, looks } from './roles.ts';

/** How much of the ground, and of what stands on it, stays visible underground. */
const faint = { ground: 0.14, above: 0.06 };
/** How wide what was found is drawn, pixels, times the weight of its role. */
const wide = { line: 5, point: 11 };
/** The ground seen from below. */
const underside = '#e3e8ea';

/** Part of a tile whose features can be coloured. */
interface Content {
  featuresLength: number;
  getFeature(index: number): { getProperty(name: string): unknown; color: unknown };
}

/** Networks in 3D: below a ground that can be seen through, with what was found in its colours. */
export class NetworkScene {
  private readonly colors = new Map<string, string>();
  /** Counts what was shown, so that each tile is coloured once for each. */
  private shown = 0;
  private readonly painted = new WeakMap<object, number>();
  private readonly sunk = new WeakSet<Cesium3DTileset>();
  private below = false;
  private depth: Promise<number> | null = null;
  /** What was found, as wide on the screen from near and far. */
  private marks: [PolylineCollection, PointPrimitiveCollection] | null = null;

  constructor(
    private readonly cesium: Cesium,
    private readonly widget: CesiumWidget,
    private readonly networks: () => { id: string; bounds: [number, number, number, number] | null }[],
  ) {
    const { primitives } = widget.scene;
    primitives.primitiveAdded.addEventListener((added: unknown) => this.take(added));
    this.tilesets().forEach((tileset) => this.take(tileset));
  }

  /** Makes the ground, and what stands on it, translucent, and lets the eye go below. */
  set underground(below: boolean) {
    if (below === this.below) return;
    this.below = below;
    const { scene } = this.widget;
    const { translucency } = scene.globe;
    scene.globe.undergroundColor = this.cesium.Color.fromCssColorString(underside);
    translucency.enabled = below;
    translucency.frontFaceAlpha = below ? faint.ground : 1;
    scene.screenSpaceCameraController.enableCollisionDetection = !below;
    this.tilesets().forEach((tileset) => this.veil(tileset));
    scene.requestRender();
  }

  /** Colours what was found, or nothing. */
  show(features: GeoJSON.Feature[]): void {
    if (features.length === 0 && this.colors.size === 0) return;
    this.colors.clear();
    for (const { id, properties } of features) {
      // Valves carry no layer: their number alone tells them from all others.
      if (id !== undefined) this.colors.set(String(id), colorOf(String(properties?.['role'])));
    }
    this.shown++;
    this.tilesets().forEach((tileset) => this.blend(tileset));
    void this.draw(features, this.shown);
    this.widget.scene.requestRender();
  }

  /** Draws what was found as lines and points: pipes are thin from afar. */
  private async draw(features: GeoJSON.Feature[], shown: number): Promise<void> {
    const ground = features.length > 0 ? await this.ground() : 0;
    if (shown !== this.shown) return;
    const { Cartesian3, Color, Material, PointPrimitiveCollection, PolylineCollection } = this.cesium;
    const { primitives } = this.widget.scene;
    for (const marks of this.marks ?? []) primitives.remove(marks);
    this.marks = null;
    if (features.length === 0) return;
    const [lines, points] = [new PolylineCollection(), new PointPrimitiveCollection()];
    const at = ([lon = 0, lat = 0, height = ground]: GeoJSON.Position) => Cartesian3.fromDegrees(lon, lat, height - ground);
    for (const { geometry, properties } of features) {
      const role = String(properties?.['role']);
      const weight = looks[role]?.weight ?? 1;
      const color = Color.fromCssColorString(colorOf(role));
      if (geometry?.type === 'LineString') {
        lines.add({ positions: geometry.coordinates.map(at), width: wide.line * weight, material: Material.fromType('Color', { color }) });
      } else if (geometry?.type === 'Point') {
        points.add({ position: at(geometry.coordinates), pixelSize: wide.point * weight, color, outlineColor: Color.WHITE, outlineWidth: 2, disableDepthTestDistance: Infinity });
      }
    }
    this.marks = [primitives.add(lines) as PolylineCollection, primitives.add(points) as PointPrimitiveCollection];
    this.widget.scene.requestRender();
  }


  private tilesets(): Cesium3DTileset[] {
    const { primitives } = this.widget.scene;
    return Array.from({ length: primitives.length }, (_, i) => primitives.get(i) as unknown).filter((one): one is Cesium3DTileset => one instanceof this.cesium.Cesium3DTileset);
  }

  private networkOf(tileset: Cesium3DTileset) {
    const id = /3dtiles\/([^/]+)\//.exec(tileset.resource.url)?.[1];
    return this.networks().find((network) => network.id === id);
  }

  private take(added: unknown): void {
    if (!(added instanceof this.cesium.Cesium3DTileset)) return;
    const tileset = added;
    this.veil(tileset);
    if (!this.networkOf(tileset)) return;
    void this.sink(tileset);
    this.blend(tileset);
    tileset.tileVisible.addEventListener((tile: { content: Content }) => this.paint(tile.content));
  }

  /** Makes what stands on the ground faint underground. */
  private veil(tileset: Cesium3DTileset): void {
    if (this.networkOf(tileset)) return;
    tileset.style = this.below ? new this.cesium.Cesium3DTileStyle({ color: `color('#ffffff', ${faint.above})` }) : undefined;
  }

  /**
   * Lowers a network by the height of its ground: buildings stand on a ground at height 0 as long as there is no
   * terrain, and pipes have the heights that were surveyed.
   */
  private async sink(tileset: Cesium3DTileset): Promise<void> {
    if (this.sunk.has(tileset)) return;
    this.sunk.add(tileset);
    const height = await this.ground();
    if (height === 0 || tileset.isDestroyed()) return;
    const { Cartesian3, Matrix4 } = this.cesium;
    const up = Cartesian3.normalize(tileset.boundingSphere.center, new Cartesian3());
    tileset.modelMatrix = Matrix4.fromTranslation(Cartesian3.multiplyByScalar(up, -height, up));
    this.widget.scene.requestRender();
  }

  /** The height that is taken for that of the ground, metres. */
  private ground(): Promise<number> {
    this.depth ??= this.groundHeight().catch(() => 0);
    return this.depth;
  }

  /** The ground's height where networks are, from their surveys: the middle one of a section through all. */
  private async groundHeight(): Promise<number> {
    const placed = this.networks().flatMap(({ id, bounds }) => (bounds ? [{ id, bounds }] : []));
    const first = placed[0];
    if (!first) return 0;
    const [west, south, east, north] = first.bounds;
    const line = `${west},${south};${east},${north}`;
    const { ground } = await ask({ name: 'section', layers: [first.id], given: { line } }, '', new AbortController().signal);
    const heights = ground.map(([, height]) => height).filter((height): height is number => height !== null).sort((a, b) => a - b);
    return heights[Math.floor(heights.length / 2)] ?? 0;
  }

  /** Colours the features of a tile that were found. */
  private paint(content: Content): void {
    if (this.painted.get(content) === this.shown || (this.shown === 0 && this.colors.size === 0)) return;
    this.painted.set(content, this.shown);
    const { Color } = this.cesium;
    const light = roofLight(usualHeight);
    for (let i = 0; i < content.featuresLength; i++) {
      const feature = content.getFeature(i);
      const color = this.colors.get(String(feature.getProperty('id')));
      if (color) feature.color = Color.fromCssColorString(paintFor(color, light));
      else feature.color = this.colors.size > 0 ? this.paled(feature) : Color.WHITE;
    }
  }

  /** Replaces the colours of a network by those of what was found; each is shown in its own when nothing was. */
  private blend(tileset: Cesium3DTileset): void {
    if (!this.networkOf(tileset)) return;
    const { REPLACE, HIGHLIGHT } = this.cesium.Cesium3DTileColorBlendMode;
    tileset.colorBlendMode = this.colors.size > 0 ? REPLACE : HIGHLIGHT;
  }

  /** The colour of what was not found: its own, paled, so that what was found stands out. */
  private paled(feature: { getProperty(name: string): unknown }) {
    const { Color } = this.cesium;
    const own = Color.fromCssColorString(systemColor(String(feature.getProperty('subclass') || feature.getProperty('class') || '')));
    const pale = Color.lerp(own, Color.fromCssColorString('#c9ced4'), 0.72, new Color());
    return Color.fromCssColorString(paintFor(pale.toCssHexString(), roofLight(usualHeight)));
  }
}
