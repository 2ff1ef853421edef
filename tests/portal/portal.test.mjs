// Opens the demo city in Debian's Chromium and uses it as a person would.
//
//   ONEMAP_URL=http://127.0.0.1:8080 node --test
//
// CHROMIUM names another browser. Screenshots go to results/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, cityCentre, drawn, lookAt, options, phone, pointOn, query, ready, results, selected, settled, url, withPage } from './page.mjs';

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
