import type { Cesium3DTileset, CesiumWidget } from '@cesium/engine';
import { address } from '../api.ts';
import type { Change } from '../live.ts';
import type { Hit } from '../map/view.ts';
import type { Moment } from '../moment.ts';
import type { LayerState, LayerStore } from '../store.ts';
import type { StyleSpecification } from 'maplibre-gl';
import { longerFov, rangeOf, zoomOf, type Camera } from './camera.ts';
import { Ground } from './ground.ts';
import { intensity, lightFromSky, paintFor, roofLight, usualHeight, usualLight } from './light.ts';
import type { Cesium } from './program.ts';
import { propertyName, shadesOf, type Shade } from './theme.ts';

/** What the scene tells the page, and asks of it. */
export interface SceneActions {
  /** The style of the flat map, as it is now. */
  style(): StyleSpecification;
  picked(hits: Hit[], at: { lng: number; lat: number }): void;
  /** The pointer is over a place, or over the sky. */
  pointed(at: { lng: number; lat: number } | null): void;
  /** The camera has moved. */
  moved(): void;
  /** Whether tiles are on their way. */
  busy(busy: boolean): void;
}

/** A layer on the scene. */
interface Shown {
  url: string;
  tileset: Cesium3DTileset | null;
  /** The one that takes its place once it is loaded. */
  next: Cesium3DTileset | null;
  /** Whether its address was asked, and nothing of it has been looked at yet. */
  reading: boolean;
  /** Counts what was asked for, so that only the last answer counts. */
  asked: number;
}

/** Ground and sky: the calm of the flat map. */
const ground = '#e3e6e2';
const sky = '#dfe8f0';
/** How wrong a picture may be, pixels, before finer tiles are read. */
const pixels = 16;

/** The city in 3D: follows the same layers and the same moment as the map. */
export class SceneView {
  readonly widget: CesiumWidget;
  readonly ground: Ground;
  private readonly shown = new Map<string, Shown>();
  private coloured: { layer: string; field: string } | null = null;
  /** How high the sun stands over the middle of the picture, as the sine. */
  private sunHeight = usualHeight;
  private wasSettled = true;
  private marked: { feature: { color: unknown }; before: unknown } | null = null;

  constructor(
    private readonly cesium: Cesium,
    container: HTMLElement,
    private readonly store: LayerStore,
    private readonly moment: Moment,
    actions: SceneActions,
  ) {
    const { CesiumWidget, Color, EllipsoidTerrainProvider, Ion, ScreenSpaceEventType } = cesium;
    // Nothing is asked of anybody else.
    Ion.defaultAccessToken = '';
    // The status line names CesiumJS at the foot of the page.
    cesium.CreditDisplay.cesiumCredit = new cesium.Credit('CesiumJS');
    const credits = document.createElement('div');
    this.widget = new CesiumWidget(container, {
      baseLayer: false,
      terrainProvider: new EllipsoidTerrainProvider(),
      skyBox: false,
      skyAtmosphere: false,
      creditContainer: credits,
      requestRenderMode: true,
      maximumRenderTimeChange: Infinity,
      msaaSamples: 4,
      contextOptions: { webgl: { preserveDrawingBuffer: true } },
    });
    const { scene } = this.widget;
    scene.backgroundColor = Color.fromCssColorString(sky);
    scene.globe.baseColor = Color.fromCssColorString(ground);
    scene.globe.showGroundAtmosphere = false;
    scene.globe.enableLighting = false;
    scene.fog.enabled = false;
    scene.screenSpaceCameraController.minimumZoomDistance = 5;
    scene.light = new cesium.DirectionalLight({ direction: usualLight(cesium, scene), intensity });
    scene.camera.percentageChanged = 0.01;
    scene.camera.changed.addEventListener(() => {
      this.turnLight();
      this.ground.moved();
      actions.moved();
    });
    scene.postRender.addEventListener(() => {
      if (this.settled === this.wasSettled) return;
      this.wasSettled = !this.wasSettled;
      actions.busy(!this.wasSettled);
    });
    this.widget.screenSpaceEventHandler.setInputAction((event: { endPosition: { x: number; y: number } }) => {
      actions.pointed(this.placeOf(event.endPosition));
    }, ScreenSpaceEventType.MOUSE_MOVE);
    this.widget.screenSpaceEventHandler.setInputAction((event: { position: { x: number; y: number } }) => {
      const hit = this.hit(event.position);
      actions.picked(hit ? [hit] : [], this.placeOf(event.position) ?? { lng: 0, lat: 0 });
    }, ScreenSpaceEventType.LEFT_CLICK);
    this.ground = new Ground(cesium, this.widget, {
      style: () => actions.style(),
      lies: (id) => {
        const layer = store.get(id);
        return layer !== undefined && !hasScene(layer);
      },
      middle: () => {
        const { middle } = this;
        return middle && { ...middle, range: this.cesium.Cartesian3.distance(scene.camera.positionWC, this.cesium.Cartesian3.fromDegrees(middle.lng, middle.lat)) };
      },
    });
    store.follow(({ info }) => this.bring(info.id));
    store.followList(() => this.bringAll());
    moment.follow(() => this.bringAll());
    this.bringAll();
  }

  /** Whether everything in sight has been read. */
  get settled(): boolean {
    return [...this.shown.values()].every(({ reading, tileset, next }) => !reading && next === null && (tileset === null || tileset.tilesLoaded));
  }

  /** Looks from where the map does. */
  look(camera: Camera, fov: number): void {
    const { Cartesian3, HeadingPitchRange, Math: angles, Matrix4 } = this.cesium;
    const { scene, canvas } = this.widget;
    const [width, height] = [canvas.clientWidth || 1, canvas.clientHeight || 1];
    const frustum = scene.camera.frustum as { fov?: number };
    frustum.fov = longerFov(fov, width, height);
    const [lon, lat] = camera.center;
    const range = rangeOf(camera, height, fov);
    const pitch = angles.toRadians(camera.pitch - 90);
    scene.camera.lookAt(Cartesian3.fromDegrees(lon, lat), new HeadingPitchRange(angles.toRadians(camera.bearing), pitch, range));
    scene.camera.lookAtTransform(Matrix4.IDENTITY);
    this.turnLight();
    this.ground.changed();
    this.ground.moved();
    scene.requestRender();
  }

  /** Where the map has to look from to see the same; `before` where nothing but sky is in the middle. */
  camera(before: Camera, fov: number): Camera {
    const { Cartesian3, Math: angles } = this.cesium;
    const { scene, canvas } = this.widget;
    const { middle } = this;
    if (!middle) return before;
    const range = Cartesian3.distance(scene.camera.positionWC, Cartesian3.fromDegrees(middle.lng, middle.lat));
    return {
      center: [middle.lng, middle.lat],
      zoom: zoomOf(range, middle.lat, canvas.clientHeight, fov),
      pitch: Math.min(Math.max(angles.toDegrees(scene.camera.pitch) + 90, 0), 60),
      bearing: angles.toDegrees(scene.camera.heading),
    };
  }

  /** Which way it looks, degrees from north, and how high above the ground it is, metres. */
  get eye(): { bearing: number; height: number } {
    const { camera } = this.widget.scene;
    return { bearing: this.cesium.Math.toDegrees(camera.heading), height: camera.positionCartographic.height };
  }

  /** What is in the middle of the picture; null for the sky. */
  get middle(): { lng: number; lat: number } | null {
    const { canvas } = this.widget;
    return this.placeOf({ x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 });
  }

  /** Comes nearer, or goes away, by a part of the way to what is in the middle. */
  zoom(part: number): void {
    const { Cartesian3 } = this.cesium;
    const { scene } = this.widget;
    const { middle } = this;
    const height = scene.camera.positionCartographic.height;
    const range = middle ? Cartesian3.distance(scene.camera.positionWC, Cartesian3.fromDegrees(middle.lng, middle.lat)) : height;
    scene.camera.moveForward(range * part);
    scene.requestRender();
  }

  /** Turns north up, where the camera stands. */
  north(): void {
    const { scene } = this.widget;
    scene.camera.setView({ orientation: { heading: 0, pitch: scene.camera.pitch, roll: 0 } });
    scene.requestRender();
  }

  /** Reads a layer anew that has changed; the old one stays until the new one is there. */
  refresh({ layer }: Pick<Change, 'layer'>): void {
    const shown = this.shown.get(layer);
    const flat = this.store.get(layer);
    if (flat?.visible && !hasScene(flat)) this.ground.renew();
    if (shown) void this.read(layer, shown);
  }

  /** Colours a layer by a field, or as it is; returns what the colours mean. */
  colour(layer: string | null, field: string | null): Shade[] {
    this.coloured = layer !== null && field !== null ? { layer, field } : null;
    let legend: Shade[] = [];
    for (const [id, { tileset }] of this.shown) {
      if (!tileset) continue;
      if (this.coloured?.layer !== id) {
        tileset.style = undefined;
        continue;
      }
      legend = shadesOf(this.coloured.field, this.values(tileset, this.coloured.field));
      const light = roofLight(this.sunHeight);
      const conditions = legend.map(({ condition, color }) => [condition, `color('${paintFor(color, light)}')`]);
      tileset.style = new this.cesium.Cesium3DTileStyle({ color: { conditions } });
      tileset.colorBlendMode = this.cesium.Cesium3DTileColorBlendMode.REPLACE;
    }
    this.widget.scene.requestRender();
    return legend;
  }

  /** Casts shadows as the sun does at a local hour of a day; null for even light. */
  sun(day: string, hour: number | null): void {
    const { JulianDate, ShadowMode, SunLight, DirectionalLight } = this.cesium;
    const { scene } = this.widget;
    scene.shadowMap.enabled = hour !== null;
    scene.globe.shadows = hour === null ? ShadowMode.DISABLED : ShadowMode.RECEIVE_ONLY;
    if (hour === null) {
      scene.light = new DirectionalLight({ direction: usualLight(this.cesium, scene), intensity });
      this.sunHeight = usualHeight;
    } else {
      scene.shadowMap.size = 4096;
      scene.shadowMap.softShadows = true;
      scene.shadowMap.darkness = 0.55;
      // As far as shadows can be told, from here.
      scene.shadowMap.maximumDistance = Math.min(Math.max(scene.camera.positionCartographic.height * 6, 800), 8000);
      // Walls are flat and large: without this they would shade themselves in stripes.
      const { _primitiveBias: bias } = scene.shadowMap as unknown as { _primitiveBias?: { depthBias: number; normalOffsetScale: number } };
      if (bias) Object.assign(bias, { depthBias: 0.0004, normalOffsetScale: 1.5 });
      scene.light = new SunLight({ intensity });
      // Local solar time: the sun stands in the south at twelve.
      const lon = this.cesium.Math.toDegrees(scene.camera.positionCartographic.longitude);
      const noon = Date.parse(`${day}T00:00:00Z`) + (hour - lon / 15) * 3_600_000;
      this.widget.clock.currentTime = JulianDate.fromDate(new Date(noon));
      this.sunHeight = this.heightOfSun();
    }
    // Roofs keep the colours of the legend.
    if (this.coloured) this.colour(this.coloured.layer, this.coloured.field);
    scene.requestRender();
  }

  /** Ends the highlighting of what was clicked. */
  unmark(): void {
    if (this.marked) this.marked.feature.color = this.marked.before;
    this.marked = null;
    this.widget.scene.requestRender();
  }

  private bringAll(): void {
    const known = new Set(this.store.layers.map(({ info }) => info.id));
    for (const id of [...this.shown.keys()]) if (!known.has(id)) this.remove(id);
    for (const { info } of this.store.layers) this.bring(info.id);
  }

  /** Brings a layer of the scene to what the store says. */
  private bring(id: string): void {
    const layer = this.store.get(id);
    if (!layer || !layer.visible || !hasScene(layer)) {
      this.remove(id);
      return;
    }
    const url = `${address(`3dtiles/${encodeURIComponent(id)}/tileset.json`)}${this.moment.query(layer.info)}`;
    const shown = this.shown.get(id) ?? { url: '', tileset: null, next: null, reading: false, asked: 0 };
    this.shown.set(id, shown);
    if (shown.url === url) return;
    shown.url = url;
    void this.read(id, shown);
  }

  private async read(id: string, shown: Shown): Promise<void> {
    const { Cesium3DTileset, ShadowMode } = this.cesium;
    const { scene } = this.widget;
    const number = ++shown.asked;
    shown.reading = true;
    try {
      const next = await Cesium3DTileset.fromUrl(shown.url, { maximumScreenSpaceError: pixels, shadows: ShadowMode.ENABLED, cullRequestsWhileMoving: false });
      if (shown.asked !== number || this.shown.get(id) !== shown) {
        next.destroy();
        return;
      }
      if (shown.next) scene.primitives.remove(shown.next);
      shown.next = next;
      lightFromSky(this.cesium, next);
      scene.primitives.add(next);
      // A new tileset says that all is loaded until it has chosen its tiles in a first picture.
      const chosen = scene.postRender.addEventListener(() => {
        chosen();
        if (shown.asked === number) shown.reading = false;
      });
      next.tileFailed.addEventListener(({ message }: { message: string }) => {
        // A tile of an older tileset may be gone meanwhile.
        if (shown.tileset === next) this.store.change(id, { failure: message });
      });
      const take = () => {
        if (shown.next !== next) return;
        if (shown.tileset) scene.primitives.remove(shown.tileset);
        shown.tileset = next;
        shown.next = null;
        if (this.coloured) this.colour(this.coloured.layer, this.coloured.field);
        scene.requestRender();
      };
      if (shown.tileset) next.initialTilesLoaded.addEventListener(take);
      else take();
    } catch (error) {
      if (shown.asked === number) {
        shown.reading = false;
        this.store.change(id, { failure: String(error) });
      }
    }
    scene.requestRender();
  }

  private remove(id: string): void {
    const shown = this.shown.get(id);
    if (!shown) return;
    this.shown.delete(id);
    for (const tileset of [shown.tileset, shown.next]) if (tileset) this.widget.scene.primitives.remove(tileset);
    this.widget.scene.requestRender();
  }

  /** The feature at a place of the picture; it lights up. */
  private hit(position: { x: number; y: number }): Hit | null {
    const { Cartesian2, Color } = this.cesium;
    this.unmark();
    const picked: unknown = this.widget.scene.pick(new Cartesian2(position.x, position.y));
    const feature = picked as { tileset?: Cesium3DTileset; getProperty?: (name: string) => unknown; color?: { clone(): unknown } } | undefined;
    if (!feature?.getProperty || !feature.tileset) return null;
    const layer = [...this.shown].find(([, { tileset }]) => tileset === feature.tileset)?.[0];
    const id = feature.getProperty('id');
    if (layer === undefined || (typeof id !== 'number' && typeof id !== 'bigint')) return null;
    if (feature.color) {
      this.marked = { feature: feature as { color: unknown }, before: feature.color.clone() };
      this.marked.feature.color = Color.fromCssColorString(paintFor('#ffd24a', roofLight(this.sunHeight)));
      this.widget.scene.requestRender();
    }
    return { layer, id: Number(id), properties: {}, ground: false };
  }

  private placeOf(position: { x: number; y: number }): { lng: number; lat: number } | null {
    const { Cartesian2, Cartographic, Math: angles } = this.cesium;
    const { scene } = this.widget;
    const at = scene.camera.pickEllipsoid(new Cartesian2(position.x, position.y));
    if (!at) return null;
    const { longitude, latitude } = Cartographic.fromCartesian(at);
    return { lng: angles.toDegrees(longitude), lat: angles.toDegrees(latitude) };
  }

  /** The values of a field in the tiles that have been read. */
  private values(tileset: Cesium3DTileset, field: string): unknown[] {
    interface Tile { content?: { featuresLength: number; getFeature(i: number): { getPropertyInherited?(name: string): unknown; getProperty(name: string): unknown } }; children: Tile[] }
    const name = propertyName(field);
    const values: unknown[] = [];
    const visit = (tile: Tile) => {
      const { content } = tile;
      for (let i = 0; i < (content?.featuresLength ?? 0); i++) values.push(content?.getFeature(i).getProperty(name));
      tile.children.forEach(visit);
    };
    if (tileset.root) visit(tileset.root as unknown as Tile);
    return values;
  }

  /** How high the sun stands over where the camera is, as the sine. */
  private heightOfSun(): number {
    const { Cartesian3, Matrix3, Simon1994PlanetaryPositions, Transforms } = this.cesium;
    const { currentTime } = this.widget.clock;
    const sun = Simon1994PlanetaryPositions.computeSunPositionInEarthInertialFrame(currentTime);
    const turn = Transforms.computeTemeToPseudoFixedMatrix(currentTime);
    if (!turn) return usualHeight;
    const towards = Cartesian3.normalize(Matrix3.multiplyByVector(turn, sun, new Cartesian3()), new Cartesian3());
    return Cartesian3.dot(towards, Cartesian3.normalize(this.widget.scene.camera.positionWC, new Cartesian3()));
  }

  private turnLight(): void {
    const { scene } = this.widget;
    if (scene.light instanceof this.cesium.DirectionalLight) scene.light.direction = usualLight(this.cesium, scene);
  }
}

/** Whether a layer can be shown in 3D. */
export function hasScene({ info }: LayerState): boolean {
  return info.links?.some(({ rel }) => rel === '3dtiles') ?? false;
}
