// Opens the demo city in Debian's Chromium and uses it as a person would.
//
//   ONEMAP_URL=http://127.0.0.1:8080 node --test portal.test.mjs
//
// CHROMIUM names another browser. Screenshots go to results/.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const url = process.env.ONEMAP_URL;
const results = new URL('results/', import.meta.url).pathname;
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
const options = { skip: url ? false : 'SKIPPED: set ONEMAP_URL to a running onemap server with the demo city' };
if (!url) console.error(options.skip);

/** A street corner of the sample city, with all that a city has around it. */
const cityCentre = [118.28, 33.96];

let browser;

before(async () => {
  if (!url) return;
  await mkdir(results, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
});

after(async () => browser?.close());

test('the city is drawn, with its layers by department', options, async () => {
  await withPage({}, '', async (page) => {
    await page.waitForSelector('.layer');
    const departments = await page.locator('.department-name span:first-of-type').allTextContents();
    assert.ok(departments.length >= 3, `departments: ${departments}`);

    for (const layer of ['subdistricts', 'roads', 'water', 'green']) {
      assert.ok((await drawn(page, layer)) > 0, `${layer} is not drawn`);
    }
    await page.screenshot({ path: `${results}city.png` });

    await lookAt(page, cityCentre, 15.5);
    for (const layer of ['buildings', 'roads', 'pois']) {
      assert.ok((await drawn(page, layer)) > 0, `${layer} is not drawn at street level`);
    }
    await page.screenshot({ path: `${results}streets.png` });
    await lookAt(page, cityCentre, 17.3);
    await page.screenshot({ path: `${results}block.png` });
  });
});

test('a click on a building shows its Chinese attributes', options, async () => {
  await withPage({}, '', async (page) => {
    await lookAt(page, cityCentre, 16.5);
    const building = await pointOn(page, 'buildings');
    await page.mouse.click(building.x, building.y);
    const panel = page.locator('#inspector');
    await panel.waitFor({ state: 'visible' });
    await page.waitForSelector('#inspector [aria-busy="false"]');
    assert.match(await panel.locator('.inspector-title p').textContent(), /建筑/);

    const titles = await panel.locator('dl.attributes dt').allTextContents();
    const values = await panel.locator('dl.attributes dd').allTextContents();
    const chinese = /[\u4e00-\u9fff]/;
    assert.ok(titles.some((title) => chinese.test(title)), `no Chinese field title in ${titles}`);
    assert.ok(values.some((value) => chinese.test(value)), `no Chinese value in ${values}`);
    assert.equal(await panel.locator('.problem').count(), 0);

    const id = String(building.id);
    assert.ok((await panel.locator('.inspector-foot').textContent()).includes(id), `feature ${id} is not named`);
    assert.ok((await selected(page)) > 0, 'the building is not marked on the map');
    await page.screenshot({ path: `${results}attributes.png` });

    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'hidden' });
    await settled(page);
    assert.equal(await selected(page), 0, 'the mark stays after the panel is closed');
  });
});

test('a layer goes off and on, and the address remembers it', options, async () => {
  await withPage({}, '', async (page) => {
    await lookAt(page, cityCentre, 15);
    await page.locator('#layer-buildings').uncheck();
    await settled(page);
    assert.equal(await drawn(page, 'buildings'), 0);
    assert.ok((await drawn(page, 'roads')) > 0);
    assert.ok(!query(page, 'layers').includes('buildings'));

    await page.locator('#layer-buildings').check();
    await page.locator('#layer-landuse_plan').check();
    await page.locator('[data-layer="landuse_plan"] [aria-controls="details-landuse_plan"]').click();
    await page.locator('#details-landuse_plan input[type=range]').fill('60');
    await settled(page);
    assert.ok((await drawn(page, 'landuse_plan')) > 0);
    assert.ok(query(page, 'layers').includes('landuse_plan~60'), page.url());
    await page.screenshot({ path: `${results}landuse.png` });

    const address = page.url();
    await page.reload();
    await ready(page);
    assert.equal(page.url(), address);
    assert.equal(await page.locator('#layer-landuse_plan').isChecked(), true);
    const state = await page.evaluate(() => window.onemap.store.get('landuse_plan').opacity);
    assert.equal(state, 0.6);
  });
});

test('the page speaks Chinese and English and remembers which', options, async () => {
  await withPage({}, '', async (page) => {
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
    assert.equal(await page.locator('.brand-name').textContent(), '一张图');
    await page.locator('.language').click();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en-GB');
    assert.equal(await page.locator('.brand-name').textContent(), 'One map');
    assert.equal(query(page, 'lang'), 'en');
    assert.match(await page.locator('[data-layer="buildings"] .layer-title').textContent(), /building/i);
    await page.screenshot({ path: `${results}english.png` });
    await page.goto(`${url}/`);
    await ready(page);
    assert.equal(await page.locator('.brand-name').textContent(), 'One map');
  });
  await withPage({ locale: 'en-US' }, '', async (page) => {
    assert.equal(await page.locator('.brand-name').textContent(), 'One map');
  });
});

test('the list is searched and used from the keyboard', options, async () => {
  await withPage({}, '', async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('建筑');
    const found = await page.locator('.layer').evaluateAll((rows) => rows.map((row) => row.dataset.layer));
    assert.ok(found.includes('buildings') && !found.includes('water'), `found: ${found}`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'layer-buildings');
    await page.keyboard.press('Space');
    assert.equal(await page.locator('#layer-buildings').isChecked(), false);
    const unnamed = await page.locator('button').evaluateAll(
      (buttons) => buttons.filter((button) => !(button.getAttribute('aria-label') ?? button.textContent).trim()).length,
    );
    assert.equal(unnamed, 0, 'a button has no name for a screen reader');
  });
});

test('on a phone the panels are sheets at the bottom', options, async () => {
  const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  await withPage(phone, '', async (page) => {
    await lookAt(page, cityCentre, 16.5);
    await page.screenshot({ path: `${results}phone.png` });
    await page.locator('.handle').tap();
    await page.locator('#layer-search').waitFor({ state: 'visible' });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 390, 'the page is wider than the phone');
    await page.screenshot({ path: `${results}phone-layers.png` });
    await page.locator('.handle').tap();

    const building = await pointOn(page, 'buildings');
    await page.touchscreen.tap(building.x, building.y);
    await page.locator('#inspector').waitFor({ state: 'visible' });
    await page.waitForSelector('#inspector [aria-busy="false"]');
    const box = await page.locator('#inspector').boundingBox();
    assert.ok(box.y > 200 && box.width === 390, `the sheet stands at ${JSON.stringify(box)}`);
    await page.screenshot({ path: `${results}phone-attributes.png` });
  });
});

test('a server that does not answer is told to the reader', options, async () => {
  const complaints = [];
  const context = await browser.newContext({ locale: 'zh-CN' });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.route('**/api/layers', (route) => route.fulfill({ status: 503, body: '{}' }));
  await page.goto(`${url}/`);
  await page.locator('.notice[role=alert]').waitFor();
  assert.match(await page.locator('.notice').textContent(), /读取图层目录失败.*503/s);

  await page.unroute('**/api/layers');
  await page.route('**/api/layers', (route) => route.fulfill({ json: { layers: [] } }));
  await page.locator('.notice button').click();
  await page.locator('.notice code').first().waitFor();
  assert.match(await page.locator('.notice').textContent(), /还没有图层.*onemap import/s);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a layer that cannot be loaded says so in the list', options, async () => {
  const context = await browser.newContext({ locale: 'zh-CN' });
  const page = await context.newPage();
  await page.route('**/tiles/roads**', (route) => route.fulfill({ status: 500, body: '' }));
  await page.goto(`${url}/`);
  await page.locator('[data-layer="roads"].failed .note').waitFor();
  assert.match(await page.locator('[data-layer="roads"] .note').textContent(), /加载失败/);

  await page.unroute('**/tiles/roads**');
  await page.locator('[data-layer="roads"] .note button').click();
  await ready(page);
  assert.ok((await drawn(page, 'roads')) > 0, 'the layer is not drawn after another try');
  assert.equal(await page.locator('[data-layer="roads"].failed').count(), 0);
  await context.close();
});

/** Opens the page; fails when it complains or when anything is asked of another machine. */
async function withPage(context, address, use) {
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
  try {
    await page.goto(`${url}/${address}`);
    await ready(page);
    await use(page);
  } finally {
    await browserContext.close();
  }
  assert.deepEqual(complaints, []);
}

async function ready(page) {
  await page.waitForFunction(() => window.onemap !== undefined, null, { timeout: 30_000 });
  await settled(page);
}

/** Waits until everything is loaded and painted. */
async function settled(page) {
  await page.evaluate(() => new Promise((done) => setTimeout(done, 60)));
  await page.waitForFunction(() => window.onemap.map.loaded() && window.onemap.map.areTilesLoaded(), null, { timeout: 60_000 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

async function lookAt(page, center, zoom) {
  await page.evaluate((camera) => window.onemap.map.jumpTo(camera), { center, zoom });
  await settled(page);
}

/** How many features of a layer are on the screen. */
function drawn(page, layer) {
  return page.evaluate((id) => {
    const { map } = window.onemap;
    const layers = map.getLayersOrder().filter((name) => name.startsWith(`${id}/`));
    return map.queryRenderedFeatures({ layers }).length;
  }, layer);
}

/** How many pieces of the mark around the selected feature are on the screen. */
function selected(page) {
  return page.evaluate(() => {
    const { map } = window.onemap;
    return map.queryRenderedFeatures({ layers: map.getLayersOrder().filter((name) => name.startsWith('selection/')) }).length;
  });
}

/** A place on the screen, clear of the panels, where a feature of the layer is on top. */
async function pointOn(page, layer) {
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

function query(page, name) {
  return new URL(page.url()).searchParams.get(name) ?? '';
}
