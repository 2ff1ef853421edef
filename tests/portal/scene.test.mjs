// The city in 3D: the same place, layers and moment as the flat map; clicks, colours, shadows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAt, options, phone, query, requests, results, withPage } from './page.mjs';

const place = [118.284, 33.966];
/** What software rendering needs on a busy machine, in milliseconds. */
const patience = 120_000;
const slow = { ...options, timeout: 600_000 };

/** Small, since a processor draws it, with room for the panels. */
const small = { viewport: { width: 1120, height: 640 } };

test('the city in 3D', slow, async (all) => {
  let send;
  const connected = new Promise((done) => { send = done; });
  let first = true;
  const answer = (route) => {
    if (!first) return;
    first = false;
    send((change) => route.fulfill({ contentType: 'text/event-stream', body: `retry: 60000\nid: 1\nevent: change\ndata: ${JSON.stringify(change)}\n\n` }));
  };
  // One page for all: nothing takes as long here as to begin.
  await withPage(small, '?layers=buildings,trees', async (page) => {
    await all.test('is read only when it is needed', slow, async () => {
      const read = () => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => /cesium|assets\/engine/i.test(name)).length);
      await lookAt(page, place, 16.2);
      await page.evaluate(() => window.onemap.map.jumpTo({ pitch: 40, bearing: 25 }));
      assert.equal(await read(), 0);
      const before = await camera(page);
      await enter(page);
      assert.ok((await read()) > 0);
      assert.equal(query(page, 'view'), '3d');
      await page.screenshot({ path: `${results}scene.png`, timeout: patience });
      await page.keyboard.press('3');
      await page.waitForFunction(() => !window.onemap.scene.active);
      assert.equal(query(page, 'view'), '');
      const after = await camera(page);
      for (const name of ['lng', 'lat']) assert.ok(Math.abs(after[name] - before[name]) < 1e-5, `${name}: ${before[name]} became ${after[name]}`);
      for (const name of ['zoom', 'pitch', 'bearing']) assert.ok(Math.abs(after[name] - before[name]) < 0.05, `${name}: ${before[name]} became ${after[name]}`);
      await enter(page);
    });

    await all.test('shows the attributes of a building that is clicked', slow, async () => {
      const at = await building(page);
      await page.mouse.click(at.x, at.y);
      await page.waitForSelector('#inspector [aria-busy="false"]', { timeout: patience });
      assert.equal(await page.locator('#inspector .problem').count(), 0);
      assert.ok((await page.locator('.inspector-foot').textContent()).includes(String(at.id)), `feature ${at.id} is not named`);
      assert.ok((await page.locator('dl.attributes dt').count()) > 3);
      await page.screenshot({ path: `${results}scene-attributes.png`, timeout: patience });
      await page.keyboard.press('Escape');
      await page.locator('#inspector').waitFor({ state: 'hidden' });
    });

    await all.test('takes the colours of a field, and casts shadows', slow, async () => {
      await page.locator('#scene-colour').selectOption('buildings/height');
      assert.ok((await page.locator('.scene-legend li').count()) > 3);
      await settled(page);
      await page.screenshot({ path: `${results}scene-height.png`, timeout: patience });
      await page.locator('#scene-colour').selectOption('buildings/use');
      assert.match(await page.locator('.scene-legend').textContent(), /住宅/);
      const colours = await swatches(page);
      let pixels = [];
      for (let tries = 0; tries < 30 && pixels.filter((count) => count > 40).length < 3; tries++) {
        await page.waitForTimeout(500);
        pixels = await seen(page, colours);
      }
      assert.ok(pixels.filter((count) => count > 40).length >= 3, `roofs have other colours than the legend: ${pixels} pixels of ${colours.join(' ')}`);
      await page.locator('#scene-colour').selectOption('');
      assert.equal(await page.locator('.scene-legend').count(), 0);
      await page.locator('#scene-sun').check();
      await settled(page);
      await page.screenshot({ path: `${results}scene-shadows.png`, timeout: patience });
      await page.locator('#scene-sun').uncheck();
    });

    await all.test('lies on the ground of the flat map, and says who draws it', slow, async () => {
      const pictures = () => page.evaluate(() => window.onemap.scene.scene.widget.scene.imageryLayers.length);
      assert.equal(await pictures(), 0);
      await page.evaluate(() => window.onemap.store.change('roads', { visible: true }));
      await page.waitForFunction(() => window.onemap.scene.scene.widget.scene.imageryLayers.length > 0, null, { timeout: patience, polling: 200 });
      assert.match(await page.locator('.status').textContent(), /视高.*CesiumJS/);
      await page.screenshot({ path: `${results}scene-ground.png`, timeout: patience });
      await page.evaluate(() => window.onemap.store.change('roads', { visible: false }));
      await page.waitForFunction(() => window.onemap.scene.scene.widget.scene.imageryLayers.length === 0, null, { timeout: patience, polling: 200 });
    });

    await all.test('reads only the layer again that has changed', slow, async () => {
      const asked = requests(page, /3dtiles\/.*tileset\.json/);
      await (await connected)({ layer: 'buildings', revision: 99, bounds: [...place, ...place], ids: [1] });
      await page.waitForTimeout(500);
      await settled(page);
      assert.deepEqual([...new Set(asked.map((address) => /3dtiles\/([^/]+)/.exec(address)[1]))], ['buildings']);
    });

    await all.test('is that of another day when the day changes', slow, async () => {
      const asked = requests(page, /3dtiles\/buildings\/.*tileset\.json/);
      await page.evaluate(() => window.onemap.moment.change({ date: Date.UTC(2001, 5, 1) / 86_400_000 }));
      await page.waitForTimeout(300);
      await settled(page);
      assert.ok(asked.length > 0 && asked.every((address) => address.includes('datetime=2001-06-01')), `${asked}`);
    });
  }, answer);
});

test('on a phone the city in 3D fills the screen', slow, async () => {
  await withPage(phone, '', async (page) => {
    await lookAt(page, place, 15.5);
    await enter(page);
    const { width, height } = await page.locator('#scene canvas').boundingBox();
    assert.deepEqual([width, height], [phone.viewport.width, phone.viewport.height]);
    await page.screenshot({ path: `${results}scene-phone.png`, timeout: patience });
  });
});

/** Changes to 3D as the keyboard does, and waits for all that is in sight. */
async function enter(page) {
  await page.keyboard.press('3');
  await page.waitForFunction(() => window.onemap.scene.active, null, { timeout: patience });
  await settled(page);
}

async function settled(page) {
  await page.waitForFunction(() => {
    const { scene } = window.onemap.scene;
    return scene.settled && scene.widget.scene.primitives.length > 0;
  }, null, { timeout: patience, polling: 200 });
  await page.waitForTimeout(800);
  await page.waitForFunction(() => window.onemap.scene.scene.settled, null, { timeout: patience, polling: 200 });
}

/** The colours of the legend. */
function swatches(page) {
  return page.locator('.scene-legend .swatch').evaluateAll((all) => all.map((swatch) => getComputedStyle(swatch).backgroundColor.match(/\d+/g).map(Number)));
}

/** How many pixels of the scene have each of these colours, all but for a little. */
function seen(page, colours) {
  return page.evaluate((wanted) => {
    const { canvas } = window.onemap.scene.scene.widget;
    const copy = document.createElement('canvas');
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    const picture = copy.getContext('2d');
    picture.drawImage(canvas, 0, 0);
    const { data } = picture.getImageData(0, 0, copy.width, copy.height);
    return wanted.map((colour) => {
      let pixels = 0;
      for (let i = 0; i < data.length; i += 4) if (colour.every((part, j) => Math.abs(part - data[i + j]) <= 5)) pixels++;
      return pixels;
    });
  }, colours);
}

function camera(page) {
  return page.evaluate(() => {
    const { map } = window.onemap;
    return { ...map.getCenter(), zoom: map.getZoom(), pitch: map.getPitch(), bearing: map.getBearing() };
  });
}

/** A place on the screen, clear of the panels, where a building is. */
async function building(page) {
  const at = await page.evaluate(() => {
    const { scene } = window.onemap.scene.scene.widget;
    for (let y = 200; y < innerHeight - 160; y += 20) {
      for (let x = 420; x < innerWidth - 340; x += 20) {
        if (document.elementFromPoint(x, y) !== scene.canvas) continue;
        const picked = scene.pick({ x, y });
        const id = picked?.getProperty?.('id');
        // Trees have none.
        if (id !== undefined && picked.getProperty('use') !== undefined) return { x, y, id: Number(id) };
      }
    }
    return null;
  });
  assert.ok(at, 'no building can be clicked here');
  return at;
}
