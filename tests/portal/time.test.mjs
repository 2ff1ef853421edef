// The slider over time: the sample city at any date, with its plans.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawn, idsOf, lookAt, options, phone, pointOn, query, ready, requests, results, settled, withPage } from './page.mjs';

/** Where the town has grown most. */
const growth = [118.284, 33.966];
const handle = '#timeline-handle';

test('another date shows another city, and only layers with time are asked again', options, async () => {
  await withPage({}, '?date=2026-06-01', async (page) => {
    await lookAt(page, growth, 15);
    const lately = await idsOf(page, 'buildings');
    const asked = requests(page, /\/tiles\//);
    await go(page, '2005');
    assert.equal(await page.locator('#timeline-date').inputValue(), '2005-01-01');
    const before = await idsOf(page, 'buildings');
    assert.ok(before.length > 20 && before.length < lately.length * 0.7, `${before.length} buildings in 2005, ${lately.length} in 2026`);

    assert.ok(asked.some((address) => address.includes('/tiles/buildings/') && address.includes('datetime=2005-01-01')), asked.join('\n'));
    const untouched = asked.filter((address) => /\/tiles\/(water|green|subdistricts)\//.test(address));
    assert.deepEqual(untouched, [], 'layers without time were read again');
    assert.ok(!asked.some((address) => address.includes('state=')), 'plans were asked for in the past');

    await page.waitForTimeout(400);
    assert.equal(query(page, 'date'), '2005-01-01');
    await page.screenshot({ path: `${results}time-2005.png` });
    await page.reload();
    await ready(page);
    assert.equal((await idsOf(page, 'buildings')).length, before.length, 'the link shows another city');

    await page.locator('.tl-today').click();
    await settled(page);
    await page.waitForTimeout(400);
    assert.equal(query(page, 'date'), '');
    assert.ok((await idsOf(page, 'buildings')).length >= lately.length);
  });
});

test('the handle is dragged, and the keyboard moves it by months and years', options, async () => {
  await withPage({}, '?date=2010-06-01', async (page) => {
    const box = await page.locator(handle).boundingBox();
    const track = await page.locator('.tl-track').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(track.x + track.width * 0.3, box.y + 4, { steps: 5 });
    await page.mouse.up();
    await settled(page);
    const dragged = await date(page);
    assert.ok(dragged > '1985' && dragged < '2000', dragged);
    assert.match(dragged, /-01$/, 'on a scale of decades a drag goes by months');

    await go(page, '2010-03-31');
    await page.locator(handle).focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await date(page), '2010-02-28');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    assert.equal(await date(page), '2011-03-28');
    await page.keyboard.press('Home');
    assert.equal(await date(page), '1975-01-01');
    await page.keyboard.press('End');
    assert.ok((await date(page)) >= '2030-01-01');
    const slider = page.getByRole('slider', { name: '显示日期' });
    assert.match(await slider.getAttribute('aria-valuetext'), /^20\d\d年1月1日/);
    assert.equal(await slider.getAttribute('aria-valuenow'), await slider.getAttribute('aria-valuemax'));
  });
});

test('dates are read as people write them', options, async () => {
  await withPage({}, '', async (page) => {
    const written = { '2005-3': '2005-03-01', '２００５年３月９日': '2005-03-09', 20050310: '2005-03-10', '2005/3/11': '2005-03-11' };
    for (const [text, expected] of Object.entries(written)) {
      await go(page, text);
      assert.equal(await date(page), expected);
    }
    await go(page, '2005-02-30');
    assert.equal(await page.locator('#timeline-date').getAttribute('aria-invalid'), 'true');
    assert.equal(await date(page), '2005-03-11');
  });
});

test('time runs and stops, and the map never goes blank', options, async () => {
  await withPage({}, '?date=1998-01-01', async (page) => {
    await lookAt(page, growth, 15);
    await page.evaluate(() => {
      const { map } = window.onemap;
      const layers = map.getLayersOrder().filter((name) => name.startsWith('buildings/'));
      window.fewest = Infinity;
      map.on('render', () => {
        window.fewest = Math.min(window.fewest, map.queryRenderedFeatures({ layers }).length);
      });
    });
    const asked = requests(page, /\/tiles\/buildings\/.*datetime=/);
    await page.locator('.tl-speed').click();
    assert.equal(await page.locator('.tl-speed').textContent(), '2 年/秒');
    await page.getByRole('button', { name: '播放', exact: true }).click();
    await page.waitForFunction(() => window.onemap.moment.day > 365.25 * 33, null, { timeout: 30_000 });
    await page.getByRole('button', { name: '暂停' }).click();
    const stopped = await date(page);
    assert.ok(stopped >= '2003', stopped);
    await page.waitForTimeout(700);
    assert.equal(await date(page), stopped, 'time runs on after the pause');
    const dates = new Set(asked.map((address) => new URL(address).searchParams.get('datetime')));
    assert.ok(dates.size >= 5, `only ${[...dates]} were shown`);
    assert.ok((await page.evaluate(() => window.fewest)) > 10, 'the buildings vanished in between');
  });
});

test('what is planned is shown in the future, drawn apart and named', options, async () => {
  await withPage({}, '?date=2030-06-01', async (page) => {
    const asked = requests(page, /\/tiles\/buildings\//);
    await lookAt(page, [118.292, 33.966], 15.5);
    assert.ok(asked.length > 0 && asked.every((address) => address.includes('state=existing,building,planned')), asked.join('\n'));
    assert.equal(await page.locator('#timeline-plans').isChecked(), true);
    const states = await page.evaluate(() => {
      const features = window.onemap.map.queryRenderedFeatures({ layers: ['buildings/plans'] });
      return [...new Set(features.map(({ properties }) => properties._state))];
    });
    assert.ok(states.includes('building') || states.includes('planned'), `states: ${states}`);
    await page.screenshot({ path: `${results}time-2030.png` });

    const place = await page.evaluate(() => {
      const { map } = window.onemap;
      for (let y = 90; y < 700; y += 5) {
        for (let x = 380; x < 1280; x += 5) {
          if (document.elementFromPoint(x, y) !== map.getCanvas()) continue;
          const [top] = map.queryRenderedFeatures([x, y], { layers: map.getLayersOrder().filter((id) => !id.startsWith('selection/')) });
          if (top?.layer.id === 'buildings/fill' && top.properties._state) return { x, y };
        }
      }
      return null;
    });
    assert.ok(place, 'no planned building can be clicked');
    await page.mouse.click(place.x, place.y);
    await page.waitForSelector('#inspector [aria-busy="false"]');
    assert.match(await page.locator('.life .state').textContent(), /规划|在建/);
    assert.match(await page.locator('.life .valid').textContent(), /^20(2[7-9]|30)-01-01 起$/);
    assert.equal(await page.locator('#inspector .problem').count(), 0);
    assert.ok(!(await page.locator('.attributes').textContent()).includes('_state'));
    // Taken back to a year in which it is not there, the panel says so.
    await go(page, '2015');
    await page.locator('#inspector .problem').waitFor();
    assert.match(await page.locator('#inspector .problem').textContent(), /2015-01-01 不存在/);
    await page.keyboard.press('Escape');
    await page.locator(handle).focus();
    await page.keyboard.press('Escape');

    await go(page, '2030-06-01');
    const withPlans = (await idsOf(page, 'buildings')).length;
    await page.locator('#timeline-plans').uncheck();
    await settled(page);
    assert.ok((await idsOf(page, 'buildings')).length < withPlans);
    await page.waitForTimeout(400);
    assert.equal(query(page, 'plans'), '0');
  }, null, [/404/]);
});

test('a click asks about the date that is shown', options, async () => {
  await withPage({}, '?date=1990-01-01', async (page) => {
    await lookAt(page, growth, 16);
    const asked = requests(page, /\/(identify|features)/);
    const building = await pointOn(page, 'buildings');
    await page.mouse.click(building.x, building.y);
    await page.waitForSelector('#inspector [aria-busy="false"]');
    assert.match(asked.at(-1), /\/features\/buildings\/\d+\?datetime=1990-01-01$/);

    // A building that was pulled down has an end.
    await go(page, '2001-06-01');
    const gone = await page.evaluate(async () => {
      const answer = await fetch('identify?lon=118.284&lat=33.966&radius=2500&layers=buildings&datetime=2001-06-01');
      return (await answer.json()).features.length;
    });
    assert.ok(gone > 0);
  });
});

test('the slider speaks English, and leaves when nothing on the map has time', options, async () => {
  await withPage({ locale: 'en-US' }, '?date=2012-01-01', async (page) => {
    assert.equal(await page.locator('.tl-plans span').textContent(), 'With plans');
    assert.match(await page.locator(handle).getAttribute('aria-valuetext'), /1 January 2012 \(in the past\)/);
    for (const layer of ['buildings', 'roads', 'schools', 'hospitals', 'components', 'trees', 'landmarks']) await page.locator(`#layer-${layer}`).uncheck();
    assert.equal(await page.locator('#timeline').isVisible(), false);
    await page.locator('#layer-roads').check();
    await page.locator('#timeline').waitFor({ state: 'visible' });
    await settled(page);
    assert.ok((await drawn(page, 'roads')) > 0);
  });
});

test('on a phone the slider stands above the sheet and follows a finger', options, async () => {
  await withPage(phone, '?date=2012-03-01', async (page) => {
    await lookAt(page, growth, 14.5);
    const [slider, sheet] = await Promise.all([page.locator('#timeline').boundingBox(), page.locator('#panel').boundingBox()]);
    assert.ok(slider.x >= 0 && slider.x + slider.width <= 390 && slider.y + slider.height <= sheet.y, JSON.stringify({ slider, sheet }));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, 'the page is wider than the phone');
    for (const control of ['.tl-play', '.tl-today', '.tl-speed', '#timeline-date']) {
      const box = await page.locator(control).boundingBox();
      assert.ok(box.height >= 36, `${control} is too small for a finger: ${box.height}`);
    }
    const track = await page.locator('.tl-track').boundingBox();
    await page.touchscreen.tap(track.x + track.width * 0.2, track.y + 24);
    await settled(page);
    assert.ok((await date(page)) < '1995', await date(page));
    await page.screenshot({ path: `${results}time-phone.png` });
  });
});

test('who asked for less motion gets fewer steps', options, async () => {
  await withPage({ reducedMotion: 'reduce' }, '?date=1998-01-01', async (page) => {
    await page.getByRole('button', { name: '播放', exact: true }).click();
    await page.waitForFunction(() => window.onemap.moment.words.date !== '1998-01-01');
    assert.equal(await date(page), '1999-01-01');
  });
});

/** Types a date and waits for the map. */
async function go(page, text) {
  await page.locator('#timeline-date').fill(text);
  await page.locator('#timeline-date').press('Enter');
  await settled(page);
}

function date(page) {
  return page.evaluate(() => window.onemap.moment.words.date ?? 'now');
}
