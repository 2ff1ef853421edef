import { h, icon } from '../dom.ts';
import { formatNumber, t, tMaybe } from '../i18n/index.ts';
import { glyphs } from '../ui/icons.ts';
import type { Answers, Check, Isolation, Sums, Trace, Valve } from './ask.ts';
import { depths, type NetworkDesk, type Result } from './desk.ts';
import { elementName, exactText, metresText, systemColor, systemName } from './names.ts';
import { bar, disc, downloads, figures, fold, key, pipeRow, remark, row, rows, section, stubs, table } from './parts.ts';

type Child = Node | null | false;

/** Rows of a summing table. */
const mostSums = 12;

/** What is said of an answer. */
export function resultOf(desk: NetworkDesk, result: Result): Child[] {
  switch (result.name) {
    case 'trace': {
      const { answer, answers } = result.answer;
      if (answer) return shutOff(desk, answer, result.answer);
      return (answers ?? []).flatMap((trace) => traced(desk, trace, result.answer));
    }
    case 'section':
      return cutting(desk, result.answer);
    case 'profile':
      return profile(desk, result.answer);
    case 'clearance':
      return clearance(desk, result.answer);
    case 'cover':
      return cover(desk, result.answer);
    case 'excavation':
      return pit(desk, result.answer);
    case 'statistics':
      return statistics(desk, result.answer);
  }
}

function count(n: number): string {
  return formatNumber(n, 0);
}

/** The plan of a shut-off: valves in the order in which they are closed, and who suffers. */
function shutOff(desk: NetworkDesk, plan: Isolation, { layer, features }: Answers['trace']): Child[] {
  const { shut, behind } = plan;
  const sum = (of: (sums: Sums) => number) => of(shut.sums) + of(behind.sums);
  const { failed } = desk;
  const things = (role: string) => (features?.features ?? []).filter(({ properties }) => properties?.['role'] === role);
  const points = (role: string) => {
    const list = things(role);
    return fold(t(role === 'customer' ? 'net_customers' : 'net_hydrants'), list.length, () =>
      rows(list, (thing) => row(desk, { layer, id: Number(thing.id) }, disc(role), String(thing.properties?.['code'] ?? thing.id), thing.properties?.['owner'])),
    );
  };
  return [
    figures(
      [count(plan.must_close.length), t('net_valvesToClose'), 'bad'],
      [count(sum(({ customers }) => customers)), t('net_customers')],
      [count(sum(({ hydrants }) => hydrants)), t('net_hydrants')],
      [metresText(sum(({ length }) => length)), t('net_dryLength')],
      [`${formatNumber(sum(({ volume }) => volume), 1)} m³`, t('net_volume')],
    ),
    !plan.supplied_before && remark(t('net_wasDry')),
    !plan.supply_known && remark(t('net_noSource')),
    plan.must_close.length === 0 && plan.supply_known && remark(t('net_noValves')),
    section(
      t('net_closeInOrder'),
      ...rows(plan.must_close, (valve, index) => {
        const other = plan.alternatives?.find((alternative) => alternative.failed.id === valve.id);
        const item = row(desk, { layer: null, id: valve.id, at: valve.at }, disc('must_close', String(index + 1)), valve.code || `#${valve.id}`, other && instead(other));
        item.append(failSwitch(desk, valve, false));
        return item;
      }),
    ),
    plan.inoperable.length > 0 &&
      section(
        t('net_inoperable'),
        ...rows(plan.inoperable, (valve) => {
          const item = row(desk, { layer: null, id: valve.id, at: valve.at }, disc('inoperable', '×'), valve.code || `#${valve.id}`);
          if (failed.has(String(valve.id))) item.append(failSwitch(desk, valve, true));
          return item;
        }),
      ),
    fold(t('net_optional'), plan.optional.length, () => rows(plan.optional, (valve) => row(desk, { layer: null, id: valve.id, at: valve.at }, disc('optional'), valve.code))),
    fold(t('net_alreadyClosed'), plan.already_closed.length, () => rows(plan.already_closed, (valve) => row(desk, { layer: null, id: valve.id, at: valve.at }, disc('already_closed'), valve.code))),
    points('customer'),
    points('hydrant'),
    stubs(desk, plan.stubs),
    key(['burst', t('net_keyBurst')], ['shut', t('net_keyShut')], ...(behind.sums.links > 0 ? [['behind', t('net_keyBehind')] as [string, string]] : [])),
    !plan.complete && remark(t('net_incomplete')),
    downloads(desk, t('net_isolate')),
  ];
}

/** What is to be done when a valve can not be closed. */
function instead({ close_instead: valves, more, possible }: NonNullable<Isolation['alternatives']>[number]): string {
  if (!possible) return t('net_insteadNone');
  const codes = valves.map(({ code }) => code).join('、');
  return t(valves.length > 0 ? 'net_instead' : 'net_insteadSame', { codes, length: metresText(more.length), customers: count(more.customers) });
}

function failSwitch(desk: NetworkDesk, valve: Valve, pressed: boolean): HTMLElement {
  const label = t('net_stuckHelp', { code: valve.code });
  return h(
    'button',
    { type: 'button', class: 'net-stuck', 'aria-pressed': String(pressed), title: label, 'aria-label': label, onclick: () => desk.toggleFailed(valve.id) },
    t('net_stuck'),
  );
}

/** What is upstream, downstream or connected. */
function traced(desk: NetworkDesk, trace: Trace, { layer, kind }: Answers['trace']): Child[] {
  const directed = kind !== 'both';
  const stops = desk.stopsAtAmbiguous;
  // Sources and outfalls are what is looked for; customers and hydrants are many.
  const weight = (element: string) => (['source', 'reservoir', 'tank', 'outfall', 'pump', 'outlet'].includes(element) ? 0 : ['customer', 'hydrant'].includes(element) ? 2 : 1);
  const ends = [...trace.ends].sort((a, b) => weight(a.element) - weight(b.element));
  return [
    figures([metresText(trace.length), t('net_length')], [count(trace.links.length), t('net_pipes')], [count(trace.ends.length), t('net_ends')]),
    directed &&
      (trace.ambiguous.length > 0 || stops) &&
      h(
        'label',
        { class: 'net-check' },
        h('input', { type: 'checkbox', class: 'check', checked: !stops, onchange: () => desk.setAmbiguous(stops) }),
        h('span', {}, stops ? t('net_ambiguousStop') : t('net_ambiguous', { n: count(trace.ambiguous.length) })),
      ),
    trace.loops.length > 0 && remark(t('net_loops', { n: count(trace.loops.length) })),
    stubs(desk, trace.stubs),
    fold(t('net_barriers'), trace.barriers.length, () => rows(trace.barriers, (valve) => row(desk, { layer: null, id: valve.id, at: valve.at }, disc('barrier'), valve.code))),
    fold(
      t('net_ends'),
      ends.length,
      () => rows(ends, (end) => row(desk, { layer, id: end.id, at: end.at }, disc('end'), end.code || `#${end.id ?? ''}`, elementName(end.element))),
      ends.length <= 12,
    ),
    section(
      t('net_lengths'),
      table([t('net_size'), t('net_material'), t('net_pipes'), t('net_length')], trace.lengths.slice(0, mostSums).map(({ size, material, links, length }) => [size || '—', material || '—', count(links), metresText(length)]), 2),
    ),
    key(['traced', t('net_keyTraced')], ...(directed ? [['ambiguous', t('net_keyAmbiguous')] as [string, string]] : []), ['end', t('net_ends')]),
    !trace.complete && remark(t('net_incomplete')),
    downloads(desk, t(directed ? (kind === 'upstream' ? 'net_upstream' : 'net_downstream') : 'net_connected')),
  ];
}

function drawingButton(desk: NetworkDesk): HTMLElement {
  return h('button', { type: 'button', class: 'plain', onclick: () => void desk.showDrawing() }, icon(glyphs.section), t('net_showDrawing'));
}

function cutting(desk: NetworkDesk, { length_m, cuts, truncated }: Answers['section']): Child[] {
  return [
    figures([count(cuts.length), t('net_cuts')], [metresText(length_m), t('net_lineLength')]),
    cuts.length === 0 && remark(t('net_cutsNone')),
    section(
      t('net_fromA'),
      ...rows(cuts, ({ number, pipe, depth_m, spacing_m }) =>
        pipeRow(desk, pipe, numbered(number, pipe), t('net_depthSpacing', { depth: exactText(depth_m), spacing: exactText(spacing_m) })),
      ),
    ),
    truncated && remark(t('net_incomplete')),
    downloads(desk, t('net_section'), drawingButton(desk)),
  ];
}

/** The number of a cut over the colour of its class. */
function numbered(number: number, pipe: { class: string; subclass: string | null }): HTMLElement {
  const mark = h('span', { class: 'net-number' }, String(number));
  mark.append(bar(systemColor(pipe.subclass ?? pipe.class)));
  return mark;
}

function profile(desk: NetworkDesk, { length_m, stations, reaches, crossings, truncated }: Answers['profile']): Child[] {
  return [
    figures([metresText(length_m), t('net_length')], [count(reaches.length), t('net_pipes')], [count(crossings.length), t('net_crossings')]),
    fold(
      t('net_pipes'),
      reaches.length,
      () => rows(reaches, ({ pipe, slope_permille }) => pipeRow(desk, pipe, null, slope_permille !== null && t('net_slope', { slope: formatNumber(slope_permille, 2) }))),
      true,
    ),
    fold(t('net_crossings'), crossings.length, () => rows(crossings, ({ pipe, chainage_m }) => pipeRow(desk, pipe, null, t('net_chainage', { at: exactText(chainage_m) })))),
    fold(t('net_stations'), stations.length, () =>
      [table([t('net_point'), t('net_chainageHead'), t('net_ground'), t('net_depthHead')], stations.map((station) => [station.code, exactText(station.chainage_m), exactText(station.ground_m), exactText(station.depth_m)]), 3)]),
    truncated && remark(t('net_incomplete')),
    downloads(desk, t('net_profile'), drawingButton(desk)),
  ];
}

function clearance(desk: NetworkDesk, answer: Answers['clearance']): Child[] {
  const order = { fail: 0, no_height: 1, no_limit: 2, pass: 3 };
  const near = [...answer.neighbours].sort((a, b) => order[a.state] - order[b.state] || (a.net_m ?? Infinity) - (b.net_m ?? Infinity));
  const check = (label: string, of: Check | null) =>
    of && t('net_check', { what: label, net: exactText(of.net_m), limit: of.limit ? `≥ ${exactText(of.limit.least_m)}` : t('net_noLimit') });
  return [
    figures([count(answer.failed), t('net_tooNear'), answer.failed > 0 ? 'bad' : 'good'], [count(answer.passed), t('net_passed')], [count(answer.without_limit), t('net_withoutLimit')]),
    near.length === 0 && remark(t('net_nothingNear')),
    section(
      t('net_neighbours'),
      ...rows(near, (neighbour) => {
        const limit = neighbour.horizontal?.limit ?? neighbour.vertical?.limit;
        return pipeRow(
          desk,
          neighbour.pipe,
          state(neighbour.state),
          check(t('net_horizontal'), neighbour.horizontal),
          check(t('net_vertical'), neighbour.vertical),
          neighbour.state === 'fail' && limit && limit.standard,
        );
      }),
    ),
    key(['fail', t('net_tooNear')], ['pass', t('net_passed')], ['no_limit', t('net_withoutLimit')]),
    answer.truncated && remark(t('net_incomplete')),
    downloads(desk, t('net_clearance')),
  ];
}

/** The outcome of a check, in a tint and in words. */
function state(name: string): HTMLElement {
  return h('span', { class: 'net-state', 'data-state': name }, tMaybe(`net_state_${name}`, name));
}

function cover(desk: NetworkDesk, { layers }: Answers['cover']): Child[] {
  const sum = (of: (layer: Answers['cover']['layers'][number]) => number) => layers.reduce((all, layer) => all + of(layer), 0);
  const failing = layers.flatMap((layer) => layer.failing);
  const missing = ({ least_m, limit }: (typeof failing)[number]) => (limit && least_m !== null ? limit.least_m - least_m : 0);
  failing.sort((a, b) => missing(b) - missing(a));
  return [
    h(
      'label',
      { class: 'net-field' },
      h('span', {}, t('net_surface')),
      h(
        'select',
        { onchange: (event: Event) => desk.cover((event.target as HTMLSelectElement).value) },
        ...(['carriageway', 'footway', 'courtyard', 'paddy', ''] as const).map((value) => h('option', { value, selected: value === desk.surface }, t(`net_surface_${value || 'any'}`))),
      ),
    ),
    figures([count(sum(({ failed }) => failed)), t('net_tooShallow'), failing.length > 0 ? 'bad' : 'good'], [count(sum(({ passed }) => passed)), t('net_passed')], [count(sum(({ without_limit }) => without_limit)), t('net_withoutLimit')]),
    sum(({ without_height }) => without_height) > 0 && remark(t('net_withoutHeight', { n: count(sum(({ without_height }) => without_height)) })),
    section(
      t('net_tooShallowList'),
      ...rows(failing, (shallow) =>
        pipeRow(desk, shallow.pipe, null, t('net_coverFact', { least: exactText(shallow.least_m), limit: exactText(shallow.limit?.least_m), missing: exactText(missing(shallow)) }), shallow.limit && shallow.limit.standard),
      ),
    ),
    downloads(desk, t('net_cover')),
  ];
}

function pit(desk: NetworkDesk, answer: Answers['excavation']): Child[] {
  const hit = answer.pipes.filter((pipe) => pipe.hit === 'hit' || pipe.hit === 'unknown');
  const rest = answer.pipes.filter((pipe) => !hit.includes(pipe));
  const classes = Object.entries(answer.length_by_class).sort((a, b) => b[1] - a[1]);
  const facts = ({ length_m, top_m, below_bottom_m }: Answers['excavation']['pipes'][number]) =>
    t(below_bottom_m !== null && below_bottom_m >= 0 ? 'net_belowPit' : 'net_inPit', { length: metresText(length_m), top: exactText(top_m), by: exactText(Math.abs(below_bottom_m ?? 0)) });
  return [
    depthField(desk),
    figures(
      [count(hit.length), t('net_hit'), hit.length > 0 ? 'bad' : 'good'],
      [metresText(hit.reduce((all, pipe) => all + pipe.length_m, 0)), t('net_hitLength')],
      [`${formatNumber(answer.area_m2, 0)} m²`, t('net_area')],
      [answer.volume_m3 === null ? '—' : `${formatNumber(answer.volume_m3, 0)} m³`, t('net_cutVolume')],
    ),
    hit.length === 0 && remark(t('net_hitNone')),
    answer.owners.length > 0 &&
      section(t('net_owners'), table([t('net_owner'), t('net_pipes'), t('net_length')], answer.owners.map(({ owner, pipes, length_m }) => [owner || t('net_ownerUnknown'), count(pipes), metresText(length_m)]), 2)),
    classes.length > 0 && section(t('net_byClass'), table([t('net_class'), t('net_length')], classes.map(([code, length]) => [systemName(code), metresText(length)]), 1)),
    fold(t('net_hit'), hit.length, () => rows(hit, (pipe) => pipeRow(desk, pipe.pipe, null, facts(pipe))), true),
    fold(t('net_below'), rest.length, () => rows(rest, (pipe) => pipeRow(desk, pipe.pipe, null, facts(pipe)))),
    fold(t('net_points'), answer.nodes.length, () => rows(answer.nodes, (node) => row(desk, { layer: node.layer, id: node.id, at: node.at }, disc('inside'), node.code, elementName(node.element), node.owner))),
    key(['hit', t('net_hit')], ['below', t('net_below')]),
    answer.truncated && remark(t('net_incomplete')),
    downloads(desk, t('net_excavation')),
  ];
}

/** How deep a pit is to be. */
export function depthField(desk: NetworkDesk): HTMLElement {
  return h(
    'label',
    { class: 'net-field' },
    h('span', {}, t('net_depth')),
    h('input', { type: 'number', id: 'network-depth', min: depths.least, max: depths.most, step: 0.5, value: desk.depth, onchange: (event: Event) => desk.dig(Number((event.target as HTMLInputElement).value)) }),
    h('span', {}, t('metres')),
  );
}

function statistics(desk: NetworkDesk, { groups }: Answers['statistics']): Child[] {
  const classes = new Map<string, number>();
  for (const group of groups) classes.set(group.class, (classes.get(group.class) ?? 0) + group.length_m);
  const most = Math.max(...classes.values(), 1);
  const largest = [...groups].sort((a, b) => b.length_m - a.length_m).slice(0, 3 * mostSums);
  return [
    figures([metresText([...classes.values()].reduce((all, length) => all + length, 0)), t('net_length')], [count(groups.reduce((all, { links }) => all + links, 0)), t('net_pipes')]),
    section(
      t('net_byClass'),
      h(
        'ul',
        { class: 'net-chart' },
        ...[...classes].sort((a, b) => b[1] - a[1]).map(([code, length]) => {
          const part = bar(systemColor(code));
          part.style.width = `${(100 * length) / most}%`;
          return h('li', {}, h('span', {}, systemName(code)), h('span', { class: 'net-chart-line' }, part), h('span', {}, metresText(length)));
        }),
      ),
    ),
    section(
      t('net_lengths'),
      table([t('net_class'), t('net_size'), t('net_material'), t('net_length')], largest.map((group) => [systemName(group.class), group.size || '—', group.material || '—', metresText(group.length_m)]), 1),
    ),
    downloads(desk, t('net_statistics')),
  ];
}
