import type { Cesium3DTileset, CesiumWidget } from '@cesium/engine';
import type { Cesium } from '../scene/program.ts';
import { ask } from './ask.ts';
import { systemColor } from './names.ts';
import { colorOf } from './roles.ts';

/** How much of the ground, and of what stands on it, stays visible underground. */
const faint = { ground: 0.3, above: 0.18 };
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
    this.depth ??= this.groundHeight().catch(() => 0);
    const height = await this.depth;
    if (height === 0 || tileset.isDestroyed()) return;
    const { Cartesian3, Matrix4 } = this.cesium;
    const up = Cartesian3.normalize(tileset.boundingSphere.center, new Cartesian3());
    tileset.modelMatrix = Matrix4.fromTranslation(Cartesian3.multiplyByScalar(up, -height, up));
    this.widget.scene.requestRender();
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
    for (let i = 0; i < content.featuresLength; i++) {
      const feature = content.getFeature(i);
      const color = this.colors.get(String(feature.getProperty('id')));
      if (color) feature.color = Color.fromCssColorString(color);
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
    return Color.lerp(own, Color.fromCssColorString('#c9ced4'), 0.72, new Color());
  }
}
