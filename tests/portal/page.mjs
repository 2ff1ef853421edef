// What the browser tests share: the browser, the page, and ways to look at the map.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

export const url = process.env.ONEMAP_URL;
export const results = new URL('results/', import.meta.url).pathname;
const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);
/** Software rendering everywhere, so that a developer's GPU gives the same picture; and no way out. */
const flags = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];
export const options = { skip: url ? false : 'SKIPPED: set ONEMAP_URL to a running onemap server with the demo city' };
if (!url) console.error(options.skip);

/** A street corner of the sample city, with all that a city has around it. */
export const cityCentre = [118.28, 33.96];
/** A phone. */
export const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

export let browser;

before(async () => {
  if (!url) return;
  await mkdir(results, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
});

after(async () => browser?.close());

/**
 * Opens the page; fails when it complains or when anything is asked of another machine. `changes`
 * answers in the place of `GET /changes`; complaints that match one of `expected` are none.
 */
export async function withPage(context, address, use, changes = null, expected = []) {
  const browserContext = await browser.newContext({ viewport: { width: 1360, height: 850 }, locale: 'zh-CN', ...context });
  const page = await browserContext.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const local = ['data:', 'blob:'].includes(protocol) || loopback.has(hostname);
    if (!local) complaints.push(`left the machine: ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    // The map itself gives up tiles that are no longer needed.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  if (changes) await page.route('**/changes**', changes);
  try {
    await page.goto(`${url}/${address}`);
    await ready(page);
    await use(page);
  } finally {
    await browserContext.close();
  }
  assert.deepEqual(complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint))), []);
}

export async function ready(page) {
  await page.waitForFunction(() => window.onemap !== undefined, null, { timeout: 30_000 });
  await settled(page);
}

/** Waits until everything is loaded and painted. */
export async function settled(page) {
  await page.evaluate(() => new Promise((done) => setTimeout(done, 60)));
  await page.waitForFunction(() => window.onemap.view.settled && window.onemap.map.loaded() && window.onemap.map.areTilesLoaded(), null, { timeout: 60_000 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

export async function lookAt(page, center, zoom) {
  await page.evaluate((camera) => window.onemap.map.jumpTo(camera), { center, zoom });
  await settled(page);
}

/** How many features of a layer are on the screen. */
export function drawn(page, layer) {
  return page.evaluate((id) => {
    const { map } = window.onemap;
    const layers = map.getLayersOrder().filter((name) => name.startsWith(`${id}/`));
    return map.queryRenderedFeatures({ layers }).length;
  }, layer);
}

/** How many pieces of the mark around the selected feature are on the screen. */
export function selected(page) {
  return page.evaluate(() => {
    const { map } = window.onemap;
    return map.queryRenderedFeatures({ layers: map.getLayersOrder().filter((name) => name.startsWith('selection/')) }).length;
  });
}

/** A place on the screen, clear of the panels, where a feature of the layer is on top. */
export async function pointOn(page, layer) {
  const point = await page.evaluate((id) => {
    const { map } = window.onemap;
    const canvas = map.getCanvas();
    const layers = map.getLayersOrder().filter((name) => !name.startsWith('selection/'));
    for (let y = 90; y < canvas.clientHeight - 140; y += 6) {
      for (let x = 30; x < canvas.clientWidth - 80; x += 6) {
        if (document.elementFromPoint(x, y) !== canvas) continue;
        const [top] = map.queryRenderedFeatures([x, y], { layers });
        if (top?.layer.id.startsWith(`${id}/`)) return { x, y, id: top.id };
      }
    }
    return null;
  }, layer);
  assert.ok(point, `no ${layer} can be clicked here`);
  return point;
}

export function query(page, name) {
  return new URL(page.url()).searchParams.get(name) ?? '';
}

/** Requests of the page whose address matches, from now on. */
export function requests(page, pattern) {
  const found = [];
  page.on('request', (request) => {
    if (pattern.test(request.url())) found.push(request.url());
  });
  return found;
}

/** The ids of the features of a layer on the screen. */
export function idsOf(page, layer) {
  return page.evaluate((id) => {
    const { map } = window.onemap;
    const layers = map.getLayersOrder().filter((name) => name.startsWith(`${id}/`));
    return [...new Set(map.queryRenderedFeatures({ layers }).map((feature) => feature.id))];
  }, layer);
}
