// What lies below: underground mode, and the questions that are asked of pipe networks, as a person asks them.
// What the page says is compared with what the server answers.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { lookAt, options, phone, query, requests, results, settled, url, withPage } from './page.mjs';

/** A water main of the sample city, and a street that it runs along. */
const main = [118.2803, 33.963746];
const street = [118.28, 33.9636];
const networks = ['cable_network', 'gas_network', 'heat_network', 'sewer_network', 'water_network'];
const surveys = new URL('../../data-samples/city/', import.meta.url);

test('the key u goes below ground: networks on, the surface faint, and the address remembers it', options, async () => {
  await withPage({}, '', async (page) => {
    await lookAt(page, street, 17);
    const before = await opacity(page, 'buildings/fill');
    await page.keyboard.press('u');
    await answered(page);
    assert.equal(query(page, 'underground'), '1');
    for (const id of networks) assert.ok(query(page, 'layers').split(',').includes(id), `${id} is not shown`);
    assert.notEqual(await opacity(page, 'buildings/fill'), before);
    assert.ok((await page.evaluate(() => window.onemap.map.queryRenderedFeatures({ layers: ['water_network/pipe'] }).length)) > 0);
    await page.screenshot({ path: `${results}underground.png` });

    await page.reload();
    await page.waitForFunction(() => window.onemap?.networks.underground);
    await answered(page);
    await page.locator('.language').click();
    assert.equal(await page.locator('#network-panel h2').textContent(), 'Underground');
    await page.locator('.language').click();
    await page.keyboard.press('u');
    await page.locator('#network-panel').waitFor({ state: 'hidden' });
    assert.equal(query(page, 'underground'), '');
    assert.equal(await opacity(page, 'buildings/fill'), before);
  });
});

test('a burst main shows the valves that the server says, in their order; one that is stuck is planned around', options, async () => {
  await withPage({}, '?underground=1', async (page) => {
    await lookAt(page, street, 17);
    const id = await pick(page, main);
    await page.screenshot({ path: `${results}network-picked.png` });
    await page.click('[data-ask=isolate]');
    await answered(page);
    const plan = (await answerOf(`water_network/trace?kind=isolate&from=${id}`)).answer;
    assert.ok(plan.must_close.length > 0);
    assert.deepEqual(await valves(page), plan.must_close.map(({ code }) => code));
    const numbers = await page.evaluate(() =>
      window.onemap.map.querySourceFeatures('network-found', { filter: ['==', ['get', 'role'], 'must_close'] }).map(({ properties }) => properties.number),
    );
    assert.deepEqual([...new Set(numbers)].sort(), plan.must_close.map((_, i) => i + 1));
    const [valveCount, customers, hydrants] = (await page.locator('.net-figures dd').allTextContents()).map(Number);
    const sum = (name) => plan.shut.sums[name] + plan.behind.sums[name];
    assert.deepEqual([valveCount, customers, hydrants], [plan.must_close.length, sum('customers'), sum('hydrants')]);
    await page.screenshot({ path: `${results}network-burst.png` });

    const asked = requests(page, /networks\/water_network\/trace/);
    await page.locator('.net-stuck').first().click();
    await answered(page);
    assert.ok(asked.some((address) => address.includes(`failed=${plan.must_close[0].id}`)), `${asked}`);
    const around = (await answerOf(`water_network/trace?kind=isolate&from=${id}&failed=${plan.must_close[0].id}`)).answer;
    assert.deepEqual((await valves(page)).slice(0, around.must_close.length), around.must_close.map(({ code }) => code));
    assert.equal(await page.locator('.net-stuck[aria-pressed=true]').count(), 1);

    await page.locator('.net-go').first().click();
    await settled(page);
    await page.keyboard.press('Escape');
    await settled(page);
    assert.equal(await page.evaluate(() => window.onemap.map.querySourceFeatures('network-found').length), 0);
    assert.equal(await page.locator('.net-row').count(), 0);

    await pick(page, main);
    await page.click('[data-ask=clearance]');
    await answered(page);
    const near = await answerOf(`water_network,${networks.slice(0, 4)}/clearance?id=${id}`);
    assert.deepEqual((await page.locator('.net-figures dd').allTextContents()).map(Number), [near.failed, near.passed, near.without_limit]);
  });
});

test('a drawn line gives a section with its drawing, a drawn area a pit', options, async () => {
  await withPage({}, '?underground=1', async (page) => {
    await lookAt(page, street, 17);
    await page.click('#network-section');
    const [from, to] = [await at(page, [118.27955, 33.9642]), await at(page, [118.27945, 33.9633])];
    await page.mouse.click(from.x, from.y);
    await page.keyboard.press('Backspace');
    await page.mouse.click(from.x, from.y);
    await page.mouse.dblclick(to.x, to.y);
    await page.locator('#network-drawing').waitFor();
    await answered(page);
    const cuts = await page.evaluate(() => window.onemap.networks.result.answer.cuts.length);
    assert.ok(cuts > 3);
    assert.equal(await page.locator('.net-row').count(), cuts);
    const links = page.locator('#network-drawing a');
    const [svg, csv] = [await taken(page, links.first()), await taken(page, links.last())];
    assert.deepEqual([svg.name, csv.name], ['横断面.svg', '横断面.csv']);
    assert.match(svg.text, /^<svg[\s\S]*管线横断面图/);
    assert.equal(csv.text.trim().split('\r\n').length, cuts + 1);
    await page.hover('.net-row');
    await settled(page);
    await page.locator('.drawing-frame').focus();
    const width = () => page.locator('.drawing-frame img').evaluate((picture) => picture.clientWidth);
    const whole = await width();
    await page.keyboard.press('+');
    assert.ok((await width()) > whole);
    await page.screenshot({ path: `${results}network-section.png` });
    await page.keyboard.press('Escape');
    await page.locator('#network-drawing').waitFor({ state: 'hidden' });

    await page.click('#network-excavation');
    for (const corner of [[118.2795, 33.964], [118.2803, 33.96395], [118.2803, 33.9633]]) {
      const { x, y } = await at(page, corner);
      await page.mouse.click(x, y);
    }
    await page.keyboard.press('Enter');
    await answered(page);
    const hit = Number(await page.locator('.net-figures dd').first().textContent());
    await page.locator('#network-depth').fill('0.2');
    await page.locator('#network-depth').press('Enter');
    await answered(page);
    assert.ok(Number(await page.locator('.net-figures dd').first().textContent()) < hit, 'a shallow pit hits as much');
  });
});

test('a survey is checked before it is stored, and the page shows what the server found', options, async () => {
  await withPage({}, '?underground=1', async (page) => {
    const before = (await (await fetch(`${url}/api/layers`)).json()).revision;
    await page.click('#network-intake');
    await page.fill('#intake-crs', 'EPSG:4548');
    await page.fill('#intake-layer', 'checked_in_a_test');
    const buffer = await readFile(new URL('sewer_survey_faults.xlsx', surveys));
    await page.setInputFiles('#intake-files', { name: 'sewer_survey_faults.xlsx', mimeType: 'application/octet-stream', buffer });
    await page.waitForSelector('#intake-accept:not([disabled])');
    const { imports } = await (await fetch(`${url}/api/imports`)).json();
    const { findings } = await (await fetch(`${url}/api/imports/${imports[0].id}/findings?f=json`)).json();
    assert.ok(findings.length > 10);
    const counts = ['error', 'warning', 'info'].map((severity) => findings.filter((found) => found.severity === severity).length);
    assert.deepEqual((await page.locator('.net-figures dd').allTextContents()).slice(0, 3).map(Number), counts);
    const rules = await page.locator('.net-rule').evaluateAll((parts) => parts.map(({ dataset }) => dataset.rule));
    assert.deepEqual(rules.sort(), [...new Set(findings.map(({ code }) => code))].sort());
    await page.locator('.net-rule summary').first().click();
    await settled(page);
    await page.screenshot({ path: `${results}network-findings.png` });
    assert.equal((await (await fetch(`${url}/api/layers`)).json()).revision, before, 'something was stored');
  });
});

test('an update is compared with what is stored, and each difference is a click away', options, async () => {
  await withPage({}, '?underground=1', async (page) => {
    const before = (await (await fetch(`${url}/api/layers`)).json()).revision;
    const tables = await Promise.all(['gas_points.csv', 'gas_lines.csv'].map(async (name) => ({ name, text: await readFile(new URL(name, surveys), 'latin1') })));
    const [points, lines] = tables;
    // A point moves by 5 m, and a line between two crossings is not there any more.
    points.text = points.text.replace(/^(TR00002,.*?,.*?,)([\d.]+)/m, (_, head, northing) => `${head}${(Number(northing) + 5).toFixed(3)}`);
    const moved = lines.text.match(/^(TR00002,TR\d+|TR\d+,TR00002),/gm).map((ends) => ends.slice(0, -1).replace(',', '-'));
    const gone = lines.text.match(/^(TR00250,TR00010),.*\r\n/m);
    lines.text = lines.text.replace(gone[0], '');
    await page.click('#network-intake');
    await page.fill('#intake-crs', 'EPSG:4527');
    await page.fill('#intake-layer', 'gas_network');
    await page.selectOption('#intake-mode', 'upsert');
    await page.setInputFiles('#intake-files', tables.map(({ name, text }) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') })));
    await page.waitForSelector('#intake-accept:not([disabled])');
    await settled(page);
    const { imports } = await (await fetch(`${url}/api/imports`)).json();
    const { comparison } = imports[0].report.layers[0];
    const { changes } = await (await fetch(`${url}/api/imports/${imports[0].id}/changes`)).json();
    const kinds = ['added', 'changed', 'renumbered', 'absent'];
    assert.deepEqual((await page.locator('.net-section .net-figures dd').allTextContents()).slice(0, 4).map(Number), kinds.map((kind) => comparison[kind]));
    const named = (kind) => changes.filter(({ change }) => change === kind).map(({ name }) => name);
    for (const name of ['TR00002', ...moved]) assert.ok(named('changed').includes(name), `${name} is not among ${named('changed')}`);
    assert.deepEqual(named('absent'), ['TR00250-TR00010']);
    const rows = page.locator('[data-change=changed] .net-row');
    assert.deepEqual(await page.locator('[data-change=changed] .net-title').allTextContents(), named('changed'));
    const point = changes.find(({ name }) => name === 'TR00002');
    // Five metres of the grid, which is drawn a little larger there than the ground is.
    assert.ok(Math.abs(point.moved_m - 5) < 0.002, `it moved ${point.moved_m} m`);
    const row = rows.filter({ has: page.locator('.net-title', { hasText: /^TR00002$/ }) });
    assert.ok((await row.locator('.net-fact').textContent()).includes(`${point.moved_m} m`));
    await row.locator('.net-go').click();
    await settled(page);
    const { lng, lat } = await page.evaluate(() => window.onemap.map.getCenter());
    assert.ok(Math.hypot(lng - point.lonlat[0], lat - point.lonlat[1]) < 1e-3, `the map is at ${lng}, ${lat}`);
    assert.deepEqual(await page.locator('#intake-remove option').evaluateAll((all) => all.map(({ value }) => value)), ['nothing', 'renumbered', 'absent']);
    await page.screenshot({ path: `${results}network-update.png` });
    assert.equal((await (await fetch(`${url}/api/layers`)).json()).revision, before, 'something was stored');
  });
});

test('on a phone a burst main is planned with a thumb', options, async () => {
  await withPage(phone, '?underground=1', async (page) => {
    await lookAt(page, [118.2803, 33.96335], 17.2);
    await page.tap('#network-panel [aria-expanded]');
    const { x, y } = await at(page, main);
    await page.touchscreen.tap(x, y);
    await page.tap('[data-ask=isolate]');
    await answered(page);
    assert.ok((await valves(page)).length > 0);
    const panel = await page.locator('#network-panel').boundingBox();
    assert.ok(panel.width <= phone.viewport.width && panel.height < 0.55 * phone.viewport.height, 'the panel covers the map');
    await page.screenshot({ path: `${results}network-phone.png` });
  });
});

/** Waits until there is an answer, and it is drawn. */
async function answered(page) {
  await page.waitForFunction(() => !window.onemap.networks.busy);
  await settled(page);
}

/** Clicks a main, and returns its id once its attributes are there. */
async function pick(page, place) {
  const { x, y } = await at(page, place);
  await page.mouse.click(x, y);
  await page.waitForSelector('#inspector [data-ask=isolate]');
  await page.waitForSelector('#inspector [aria-busy="false"] [data-ask=clearance]');
  return (await page.locator('.inspector-foot .copyable span').first().textContent()).trim();
}

async function at(page, place) {
  return page.evaluate((lngLat) => {
    const { x, y } = window.onemap.map.project(lngLat);
    return { x, y };
  }, place);
}

async function answerOf(path) {
  return (await fetch(`${url}/networks/${path}`)).json();
}

/** The codes of the valves that are to be closed, as the page lists them. */
async function valves(page) {
  return page.locator('.net-row:has(.net-stuck) .net-title').allTextContents();
}

/** How opaque a layer is drawn. */
function opacity(page, layer) {
  return page.evaluate((id) => JSON.stringify(window.onemap.map.getPaintProperty(id, 'fill-opacity')), layer);
}

/** The text of what a link gives to take away. */
async function taken(page, link) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}
