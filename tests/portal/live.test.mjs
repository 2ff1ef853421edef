// What changes in the store appears on open maps: just those tiles, without a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idsOf, lookAt, options, pointOn, requests, settled, url, withPage } from './page.mjs';

const place = [118.284, 33.966];

test('a change reads the tiles that it meets again, and no others', options, async () => {
  const server = changes();
  await withPage({}, '', async (page) => {
    await lookAt(page, place, 15);
    const asked = requests(page, /\/tiles\//);
    const [lon, lat] = place;
    await server.send({ layer: 'buildings', revision: 99, bounds: [lon, lat, lon + 1e-5, lat + 1e-5], ids: [1] });
    await page.waitForTimeout(500);
    await settled(page);
    const zoom = 15;
    const expected = tileAt(lon, lat, zoom);
    assert.ok(asked.length > 0, 'nothing was read again');
    for (const address of asked) {
      const [, layer, z, x, y] = /\/tiles\/([^/]+)\/(\d+)\/(\d+)\/(\d+)/.exec(address);
      assert.equal(layer.replace('.label', ''), 'buildings');
      assert.deepEqual([Number(z), Number(x), Number(y)], [zoom, ...expected], `tile ${z}/${x}/${y} was read again`);
    }

    // Far away nothing is read.
    asked.length = 0;
    await server.send({ layer: 'buildings', revision: 100, bounds: [0, 0, 1, 1], ids: [1] });
    await page.waitForTimeout(500);
    assert.deepEqual(asked, []);
  }, server.answer);
});

test('a building made, renamed and deleted over HTTP comes, changes and goes on open maps', options, async () => {
  await withPage({}, '', async (page) => {
    await lookAt(page, place, 16);
    const asked = requests(page, /\/tiles\//);
    const [lon, lat] = place;
    const ring = [[0, 0], [3e-4, 0], [3e-4, 3e-4], [0, 3e-4], [0, 0]].map(([x, y]) => [lon + x, lat + y]);
    const feature = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties: { id: 'T1', name: '新来的楼', use: '办公' } };
    const made = await edit('POST', 'features/buildings', feature);
    const { id } = await made.json();
    try {
      await page.waitForFunction((wanted) => window.onemap.map.queryRenderedFeatures({ layers: ['buildings/fill'] }).some((found) => found.id === wanted), id);
      const layers = new Set(asked.map((address) => /\/tiles\/([^/]+)/.exec(address)[1].replace('.label', '')));
      assert.deepEqual([...layers], ['buildings']);
      const tiles = new Set(asked.map((address) => /\d+\/\d+\/\d+/.exec(address)[0]));
      assert.ok(tiles.size <= 4, `read again: ${[...tiles]}`);

      const corner = await page.evaluate(([x, y]) => window.onemap.map.project([x, y]), [lon + 1.5e-4, lat + 1.5e-4]);
      await page.mouse.click(corner.x, corner.y);
      await page.locator('.inspector-title', { hasText: '新来的楼' }).waitFor();
      await edit('PATCH', `features/buildings/${id}`, { properties: { name: '改名的楼' } }, 'application/merge-patch+json');
      await page.locator('.inspector-title', { hasText: '改名的楼' }).waitFor();
    } finally {
      await edit('DELETE', `features/buildings/${id}`);
    }
    await page.waitForFunction((wanted) => !window.onemap.map.queryRenderedFeatures({ layers: ['buildings/fill'] }).some((found) => found.id === wanted), id);
    await page.locator('.inspector .problem').waitFor();
    assert.match(await page.locator('.inspector .problem').textContent(), /已被删除/);
  }, null, [/404/]);
});

test('tiles out of sight are not shown again as they were', options, async () => {
  const server = changes();
  await withPage({}, '', async (page) => {
    await lookAt(page, place, 15);
    await lookAt(page, [place[0] + 0.05, place[1]], 15);
    await server.send({ layer: 'buildings', revision: 99, bounds: [...place, ...place], ids: [1] });
    await page.waitForTimeout(500);
    const [x, y] = tileAt(...place, 15);
    const asked = requests(page, new RegExp(`/tiles/buildings/15/${x}/${y}`));
    await lookAt(page, place, 15);
    assert.equal(asked.length, 1, 'a tile from before the change was kept');
  }, server.answer);
});

test('the attributes of a changed feature are read again', options, async () => {
  const server = changes();
  await withPage({}, '', async (page) => {
    await lookAt(page, place, 16.5);
    const building = await pointOn(page, 'buildings');
    await page.mouse.click(building.x, building.y);
    await page.waitForSelector('#inspector [aria-busy="false"]');
    await page.route(`**/features/buildings/${building.id}**`, async (route) => {
      const answer = await route.fetch();
      const feature = await answer.json();
      feature.properties.address = '改名路1号';
      await route.fulfill({ json: feature });
    });
    await server.send({ layer: 'buildings', revision: 99, bounds: [0, 0, 1, 1], ids: [building.id + 1] });
    await page.waitForTimeout(600);
    assert.equal(await page.getByText('改名路1号').count(), 0, 'another feature was read');
    await server.send({ layer: 'buildings', revision: 100, bounds: [0, 0, 1, 1], ids: [building.id] });
    await page.getByText('改名路1号').waitFor();
  }, server.answer);
});

test('layers that come and go appear in the list and on the map', options, async () => {
  const server = changes();
  await withPage({}, '', async (page) => {
    await lookAt(page, place, 15);
    let edit = (layers) => layers.filter(({ id }) => id !== 'pois').map((layer) => (layer.id === 'roads' ? { ...layer, count: 4321 } : layer));
    await page.route('**/api/layers', async (route) => {
      const body = await (await route.fetch()).json();
      await route.fulfill({ json: { ...body, layers: edit(body.layers) } });
    });
    await server.send({ layer: 'newcomer', revision: 101, bounds: [0, 0, 1, 1], ids: [1] });
    await page.locator('[data-layer="pois"]').waitFor({ state: 'detached' });
    assert.match(await page.locator('[data-layer="roads"] .layer-count').textContent(), /4,?321/);
    await settled(page);
    assert.equal((await idsOf(page, 'pois')).length, 0);

    edit = (layers) => layers;
    await server.reset();
    await page.locator('[data-layer="pois"]').waitFor();
    await page.waitForTimeout(300);
    await settled(page);
    assert.ok((await idsOf(page, 'pois')).length > 0, 'the layer is listed but not drawn');
  }, server.answer);
});

test('a connection that is lost for long is told quietly', options, async () => {
  await withPage({}, '', async (page) => {
    assert.equal(await page.locator('.status-live').isVisible(), false);
    await page.locator('.status-live').waitFor({ state: 'visible', timeout: 20_000 });
    assert.match(await page.locator('.status-live').textContent(), /实时更新已中断/);
  }, (route) => route.abort('connectionrefused'), [/changes/, /ERR_CONNECTION_REFUSED/]);
});

test('many features drawn as one say so', options, async () => {
  const square = massTile('buildings', 57);
  const mock = (page) => page.route('**/tiles/buildings/**', (route) => route.fulfill({ contentType: 'application/vnd.mapbox-vector-tile', body: square }));
  for (const [locale, text, action] of [['zh-CN', '57 栋建筑的合并显示，放大查看', '放大查看'], ['en-US', '57 buildings drawn as one; zoom in', 'Zoom in']]) {
    await withPage({ locale }, '', async (page) => {
      await mock(page);
      await page.reload();
      await page.waitForFunction(() => window.onemap !== undefined);
      await lookAt(page, place, 12.6);
      const mass = await pointOn(page, 'buildings');
      await page.mouse.click(mass.x, mass.y);
      await page.locator('.mass').waitFor();
      assert.equal(await page.locator('.mass-count').textContent(), text);
      assert.equal(await page.locator('.attributes').count(), 0, 'it pretends to be one feature');
      await page.locator('.mass').getByRole('button', { name: action }).click();
      await page.waitForFunction(() => window.onemap.map.getZoom() > 14 && !window.onemap.map.isMoving());
      assert.equal(await page.locator('#inspector').isVisible(), false);
    });
  }
});

/** Changes the store as another program would. */
async function edit(method, path, body, type = 'application/geo+json') {
  const answer = await fetch(`${url}/${path}`, { method, headers: { 'content-type': type }, ...(body ? { body: JSON.stringify(body) } : {}) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${answer.ok ? '' : await answer.text()}`);
  return answer;
}

/** Stands in for `GET /changes`: each answer is one event, after which the page connects again. */
function changes() {
  let id = 0;
  let waiting = null;
  const queue = [];
  const deliver = async () => {
    if (waiting === null || queue.length === 0) return;
    const route = waiting;
    waiting = null;
    const { event, data, done } = queue.shift();
    id += 1;
    await route.fulfill({ contentType: 'text/event-stream', body: `retry: 50\nid: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n` });
    done();
  };
  const push = (event, data) => new Promise((done) => {
    queue.push({ event, data, done });
    void deliver();
  });
  return {
    answer: (route) => {
      waiting = route;
      void deliver();
    },
    send: (change) => push('change', change),
    reset: () => push('reset', {}),
  };
}

function tileAt(lon, lat, zoom) {
  const size = 2 ** zoom;
  const sine = Math.sin((lat * Math.PI) / 180);
  return [Math.floor(((lon + 180) / 360) * size), Math.floor((0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size)];
}

/** A vector tile with one square that stands for `count` features. */
function massTile(layer, count) {
  const bytes = (field, content) => [field * 8 + 2, ...varint(content.length), ...content];
  const text = (string) => [...Buffer.from(string)];
  const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const zigzag = (value) => varint((value << 1) ^ (value >> 31));
  const geometry = [9, ...zigzag(1000), ...zigzag(1000), 26, ...zigzag(2000), ...zigzag(0), ...zigzag(0), ...zigzag(2000), ...zigzag(-2000), ...zigzag(0), 15];
  const feature = [8, 7, ...bytes(2, [0, 0]), 24, 3, ...bytes(4, geometry)];
  const content = [
    ...bytes(1, text(layer)),
    ...bytes(2, feature),
    ...bytes(3, text('_count')),
    ...bytes(4, [40, ...varint(count)]),
    40, ...varint(4096), 120, 2,
  ];
  return Buffer.from(bytes(3, content));
}
