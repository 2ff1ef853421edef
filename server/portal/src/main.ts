import { ApiError, fetchCatalogue, fetchLayer, identify, type CatalogueAnswer } from './api.ts';
import { layersText, readLayers, writeQuery } from './address.ts';
import 'maplibre-gl/dist/maplibre-gl.css';
import './css/page.css';
import { h } from './dom.ts';
import { lang, locale, setLang, t } from './i18n/index.ts';
import { listen } from './live.ts';
import type { LngLat } from 'maplibre-gl';
import { isFindings } from './map/findings.ts';
import { boundsOf, select } from './map/selection.ts';
import { MapView, type Hit, type Padding } from './map/view.ts';
import { Moment, readMoment } from './moment.ts';
import { dayText } from './days.ts';
import { aboutNetworks } from './network/about.ts';
import { NetworkDesk } from './network/desk.ts';
import { Drawing } from './network/drawing.ts';
import { NetworkPanel } from './network/panel.ts';
import { NetworkScene } from './network/scene.ts';
import { loadCesium } from './scene/program.ts';
import { SceneSwitch } from './scene/switch.ts';
import { isNetwork, LayerStore } from './store.ts';
import { Catalogue } from './ui/catalogue.ts';
import { Inspector } from './ui/inspector.ts';
import { emptyNotice, errorText, notice } from './ui/messages.ts';
import { ScenePanel } from './ui/scene-panel.ts';
import { Shell } from './ui/shell.ts';
import { StatusLine } from './ui/status.ts';
import { Timeline } from './ui/timeline.ts';
import { Toolbar } from './ui/toolbar.ts';

/** What browser tests and embedding pages may hold on to. */
declare global {
  interface Window {
    onemap?: { map: MapView['map']; view: MapView; store: LayerStore; moment: Moment; scene: SceneSwitch; networks: NetworkDesk };
  }
}

/** How far from the pointer a feature still counts as hit, in pixels. */
const hitRadius = { mouse: 3, touch: 12 };
/** How many hits are listed at most. */
const maxHits = 20;
/** How long the address waits for the slider, and the catalogue for changes, to come to rest, in milliseconds. */
const rest = { address: 250, catalogue: 1500 };
/** How far the server is asked to look for what is not drawn, in metres. */
const maxRadius = 200;

const shell = new Shell(() => {
  setLang(lang() === 'zh' ? 'en' : 'zh');
  writeQuery('lang', lang());
  speak();
});
let speakers: (() => void)[] = [];

void start();

/** Reads the catalogue and shows the map, or says why it cannot. */
async function start(): Promise<void> {
  speakers = [];
  speak();
  shell.say(h('div', { class: 'card notice quiet', role: 'status' }, t('catalogueLoading')));
  let catalogue: CatalogueAnswer;
  try {
    catalogue = await fetchCatalogue();
  } catch (error) {
    const detail = error instanceof ApiError ? errorText(error) : String(error);
    stay(() => notice('catalogueFailed', 'catalogueFailedHelp', detail, () => void start()));
    return;
  }
  if (catalogue.layers.length === 0) {
    stay(emptyNotice);
    return;
  }
  if (!canDraw()) {
    stay(() => notice('webglFailed', 'webglFailedHelp', '', () => location.reload()));
    return;
  }
  shell.say(null);
  open(new LayerStore(catalogue.layers, readLayers()), catalogue.revision);
}

/** Shows a message that stays, in whatever language is chosen while it does. */
function stay(message: () => HTMLElement): void {
  const show = () => shell.say(message());
  speakers.push(show);
  show();
}

/** Puts the map and everything around it on the page. */
function open(store: LayerStore, revision: number): void {
  const moment = new Moment(readMoment());
  const view = new MapView(shell.mapBox, store, moment, t('mapLabel'), shell.freePadding(false));
  const { map } = view;

  const padding = (): Padding => {
    const free = shell.freePadding(inspector.open || networkPanel.open);
    // A drawing covers the foot of the map; on a phone, all that the panel does.
    return drawing.open && !shell.narrow() ? { ...free, bottom: Math.min(free.bottom + 300, innerHeight / 2) } : free;
  };
  const drawing = new Drawing(() => map.getCanvas().focus({ preventScroll: true }));
  const networks = new NetworkDesk(view, store, moment, drawing, {
    attend: () => showNetworks(),
    changed: () => {
      networkPanel.render();
      showBelow();
      if (inspector.open) inspector.render();
      toolbar.render();
    },
    fit: (bounds) => view.fit(bounds, padding()),
  });
  const networkPanel = new NetworkPanel(networks, () => {
    toolbar.render();
    if (scenes.active) scenePanel.show(true);
    map.getCanvas().focus({ preventScroll: true });
  });
  /** Shows the panel with what was found; it lies where the attributes are. */
  const showNetworks = (): void => {
    if (inspector.open) inspector.close();
    if (shell.narrow()) shell.togglePanel(false);
    networkPanel.show();
    scenePanel.show(false);
  };
  let below: NetworkScene | null = null;
  /** Shows in 3D what is shown on the flat map of networks. */
  const showBelow = (): void => {
    if (!below) return;
    below.underground = networks.underground;
    below.show(networks.found.features);
  };
  /** Goes below ground, or comes back. */
  const changeDepth = (): void => {
    if (networkPanel.open) {
      networkPanel.close();
      return;
    }
    if (networks.networks.length === 0) return;
    showNetworks();
    networks.setUnderground(true);
  };
  let inScene = false;
  const catalogue = new Catalogue(store, {
    zoomTo: ({ info }) => {
      if (shell.narrow()) shell.togglePanel(false);
      view.fitLayer(info, padding());
      if (!store.get(info.id)?.visible) store.change(info.id, { visible: true });
    },
    retry: ({ info }) => {
      view.reload(info.id);
      scenes.scene?.refresh({ layer: info.id });
    },
    zoom: () => map.getZoom(),
    inScene: () => inScene,
  });
  const inspector = new Inspector(store, moment, {
    mark: (geometry) => {
      select(map, geometry);
      if (geometry === null) scenes.scene?.unmark();
    },
    zoomTo: (geometry) => {
      const bounds = boundsOf(geometry);
      if (bounds) view.fit(bounds, padding());
    },
    zoomIn: ({ lng, lat }) => {
      inspector.close();
      map.easeTo({ center: [lng, lat], zoom: map.getZoom() + 2, essential: true });
    },
    goTo: (date) => moment.change({ date }),
    about: (info, feature, id) => aboutNetworks(networks, info, feature, id),
    closed: () => map.getCanvas().focus({ preventScroll: true }),
  });
  const status = new StatusLine(map, store);
  const scenes = new SceneSwitch(
    view,
    store,
    moment,
    {
      style: () => map.getStyle(),
      picked: (hits, at) => (hits.length > 0 ? inspector.show(hits, { lng: at.lng, lat: at.lat }) : inspector.close()),
      pointed: (at) => followScene(at),
      moved: () => {
        toolbar.turn();
        followScene();
      },
      busy: (busy) => shell.busy(busy),
    },
    (on) => {
      inScene = on;
      document.body.classList.toggle('in-scene', on);
      followScene();
      catalogue.moved();
      writeQuery('view', on ? '3d' : null);
      toolbar.render();
      scenePanel.show(on && !networkPanel.open);
      if (on && !below) void loadCesium().then((cesium) => {
        if (scenes.scene) below = new NetworkScene(cesium, scenes.scene.widget, () => networks.networks.map(({ info }) => info));
        showBelow();
      });
    },
  );
  /** Tells in the status line what the scene shows, and where. */
  const followScene = (at = scenes.scene?.middle ?? null): void => {
    status.scene(scenes.active && scenes.scene ? scenes.scene.eye : null, at);
  };
  const scenePanel = new ScenePanel(store, {
    colour: (layer, field) => scenes.scene?.colour(layer, field) ?? [],
    sun: (hour) => scenes.scene?.sun(dayText(moment.day), hour),
  });
  const toolbar = new Toolbar(map, () => view.fitAll(padding()), {
    get active() {
      return scenes.active;
    },
    toggle: () => void changeView(),
    zoom: (part) => scenes.scene?.zoom(part),
    north: () => scenes.scene?.north(),
    bearing: () => scenes.scene?.eye.bearing ?? 0,
  }, {
    get active() {
      return networkPanel.open;
    },
    get exists() {
      return networks.networks.length > 0;
    },
    toggle: changeDepth,
  });
  /** Changes between map and scene; what fails is said where the layers are. */
  const changeView = async (): Promise<void> => {
    shell.busy(true);
    try {
      await scenes.toggle();
    } catch (error) {
      shell.say(notice('webglFailed', 'webglFailedHelp', t('sceneFailed', { reason: String(error) }), () => location.reload()));
    } finally {
      shell.busy(false);
    }
  };
  window.onemap = { map, view, store, moment, scene: scenes, networks };
  if (NetworkDesk.wanted()) map.once('style.load', changeDepth);
  shell.mapBox.after(scenes.element);
  if (new URLSearchParams(location.search).get('view') === '3d') map.once('idle', () => void changeView());
  const timeline = new Timeline(store, moment, {
    settled: () => view.settled,
    prepare: (day) => view.prepareDay(day),
    resized: (shown) => shell.withTimeline(shown),
  });
  shell.fill(catalogue.element, toolbar.element, scenePanel.element, timeline.element, status.element, networkPanel.element, inspector.element, drawing.element);

  speakers.push(
    () => catalogue.render(),
    () => inspector.render(),
    () => status.render(),
    () => followScene(),
    () => toolbar.render(),
    () => scenePanel.render(),
    () => timeline.render(),
    () => networkPanel.render(),
    () => drawing.render(),
    () => networks.speak(),
    () => map.getCanvas().setAttribute('aria-label', t('mapLabel')),
  );

  store.follow(() => {
    writeQuery('layers', layersText(store.visible()));
    networkPanel.render();
  });
  store.followList(() => {
    toolbar.render();
    networkPanel.render();
  });
  const remember = atRest(rest.address, () => {
    for (const [name, value] of Object.entries(moment.words)) writeQuery(name, value);
  });
  moment.follow(remember);
  follow(store, revision, view, scenes, inspector, status, networks);
  map.on('zoomend', () => catalogue.moved());
  map.on('dataloading', () => shell.busy(true));
  map.on('idle', () => {
    shell.busy(false);
    scenes.scene?.ground.changed();
  });
  followPointer(view);

  /** Underground, who clicks means what lies there. */
  const isBelow = ({ layer }: Hit): boolean => {
    const info = store.get(layer)?.info;
    return info !== undefined && (isNetwork(info) || isFindings(info));
  };
  let asking: AbortController | null = null;
  map.on('click', async ({ point, lngLat, originalEvent }) => {
    if (networks.sketch.drawing) return;
    asking?.abort();
    const touch = (originalEvent as PointerEvent).pointerType === 'touch' || matchMedia('(pointer: coarse)').matches;
    const radius = touch ? hitRadius.touch : hitRadius.mouse;
    let hits = bestFirst(view.hits(point, 0), view.hits(point, radius), networks.underground ? isBelow : () => false);
    if (hits.length === 0) {
      asking = new AbortController();
      hits = await hidden(view, moment, lngLat, radius, asking.signal);
    }
    if (hits.length === 0) {
      inspector.close();
      return;
    }
    if (shell.narrow()) shell.togglePanel(false);
    inspector.show(hits.slice(0, maxHits), lngLat);
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      if (networks.sketch.drawing) networks.escape();
      else if (inspector.open) inspector.close();
      else if (!networks.escape() && shell.narrow()) shell.togglePanel(false);
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      // The browser's own.
    } else if (event.key === '3' && !isField(event.target)) {
      void changeView();
    } else if (event.key === 'u' && !isField(event.target)) {
      changeDepth();
    } else if (event.key === '/' && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      shell.togglePanel(true);
      catalogue.focusSearch();
    }
  });
}

/** Whether keys are typed into it. */
function isField(target: EventTarget | null): boolean {
  return (target instanceof HTMLInputElement && target.type !== 'checkbox') || target instanceof HTMLSelectElement;
}

/** What lies at a place without being drawn at this zoom; the server knows. */
async function hidden(view: MapView, moment: Moment, at: LngLat, radius: number, signal: AbortSignal): Promise<Hit[]> {
  // Layers with time are asked about the moment shown, the others as they are.
  const groups = new Map<string, string[]>();
  for (const info of view.askable()) {
    const query = moment.query(info);
    groups.set(query, [...(groups.get(query) ?? []), info.id]);
  }
  const metres = Math.min(radius * view.metresPerPixel(at), maxRadius);
  try {
    const found = await Promise.all([...groups].map(([query, layers]) => identify(at, layers, metres, query, signal)));
    return found.flat().flatMap(({ layer, id, properties }) => (layer ? [{ layer, id, properties: properties ?? {}, ground: false }] : []));
  } catch {
    // Nothing was drawn here, so nothing is missing for the person who clicked.
    return [];
  }
}

/**
 * What was hit exactly, else what is near (a road, a point); then the ground that it stands on. Who
 * clicks beside a road inside a district means the road. What is `meant` more than other things comes first.
 */
function bestFirst(exact: Hit[], near: Hit[], meant: (hit: Hit) => boolean): Hit[] {
  const things = exact.filter((hit) => !hit.ground);
  const found = things.some(meant) ? things : near.some(meant) ? near.filter((hit) => meant(hit) || things.includes(hit)) : things.length > 0 ? things : near;
  const above = found.filter((hit) => !hit.ground);
  return [...above.filter(meant), ...above.filter((hit) => !meant(hit)), ...exact.filter((hit) => hit.ground)];
}

/** Brings the page up to date with what changes in the store. */
function follow(store: LayerStore, revision: number, view: MapView, scenes: SceneSwitch, inspector: Inspector, status: StatusLine, networks: NetworkDesk): void {
  let changed = new Set<string>();
  const readCatalogue = atRest(rest.catalogue, () => {
    const ids = changed;
    changed = new Set();
    void updateCatalogue(store, ids).catch(() => ids.forEach((id) => changed.add(id)));
  });
  listen(revision, {
    changed: (change) => {
      view.refresh(change);
      scenes.scene?.refresh(change);
      inspector.changed(change.layer, change.ids);
      networks.layerChanged(change.layer);
      changed.add(change.layer);
      readCatalogue();
    },
    reset: () => {
      for (const { info } of store.layers) {
        view.refresh({ layer: info.id, bounds: null });
        scenes.scene?.refresh({ layer: info.id });
        inspector.changed(info.id, null);
        networks.layerChanged(info.id);
      }
      // No layer has this name: the whole list is read.
      changed.add('');
      readCatalogue();
    },
    lost: (lost) => status.liveLost(lost),
  });
}

/** Reads what the catalogue says now about layers that have changed; all of it when layers come or go. */
async function updateCatalogue(store: LayerStore, ids: Set<string>): Promise<void> {
  const known = [...ids].every((id) => store.get(id));
  const news = known ? await Promise.all([...ids].map((id) => fetchLayer(id).catch(() => null))) : [];
  if (!known || news.includes(null)) {
    store.update((await fetchCatalogue()).layers);
    return;
  }
  store.update(store.layers.map(({ info }) => news.find((layer) => layer?.id === info.id) ?? info));
}

/** Puts off an action until there has been no call for so long; calls that never cease do not put it off for ever. */
function atRest(wait: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let first = 0;
  return () => {
    const now = performance.now();
    if (timer === null) first = now;
    else clearTimeout(timer);
    timer = setTimeout(
      () => {
        timer = null;
        action();
      },
      Math.max(0, Math.min(wait, first + 4 * wait - now)),
    );
  };
}

/** A hand over what can be clicked; asked at most once a frame. */
function followPointer(view: MapView): void {
  let due = false;
  view.map.on('mousemove', ({ point }) => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (!view.map.isMoving()) view.map.getCanvas().style.cursor = view.hits(point, 0).length > 0 ? 'pointer' : '';
    });
  });
}

/** Says everything on the page in the language in use. */
function speak(): void {
  document.documentElement.lang = locale();
  document.title = t('pageTitle');
  shell.render();
  speakers.forEach((say) => say());
}

function canDraw(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}
