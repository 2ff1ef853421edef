import { h, icon } from '../dom.ts';
import { formatNumber, t } from '../i18n/index.ts';
import { glyphs } from '../ui/icons.ts';
import type { PipeFacts, Stub } from './ask.ts';
import type { NetworkDesk } from './desk.ts';
import { colorOf } from './roles.ts';
import { systemColor, systemName } from './names.ts';

type Child = Node | string | null | undefined | false;

/** Rows of a list that are made at once; more of them are only counted. */
const mostRows = 100;

/** A few numbers that matter most. */
export function figures(...list: [value: string, label: string, tone?: 'bad' | 'good'][]): HTMLElement {
  return h('dl', { class: 'net-figures' }, ...list.map(([value, label, tone]) => h('div', tone ? { class: tone } : {}, h('dt', {}, label), h('dd', {}, value))));
}

/** A part of an answer under its own heading, left out when it is empty. */
export function section(title: string, ...children: Child[]): HTMLElement | null {
  if (!children.some(Boolean)) return null;
  return h('section', { class: 'net-section' }, h('h3', {}, title), ...children);
}

/** A part that is opened when wanted. */
export function fold(title: string, count: number, children: () => Child[], open = false): HTMLElement | null {
  if (count === 0) return null;
  const box = h('details', { class: 'net-section', open }, h('summary', {}, h('span', { class: 'net-name' }, title), h('span', { class: 'net-count' }, formatNumber(count))));
  let filled = false;
  const fill = () => {
    if (filled || !box.open) return;
    filled = true;
    for (const child of children()) if (child) box.append(child);
  };
  box.addEventListener('toggle', fill);
  fill();
  return box;
}

/** Rows, as many as are readable, and how many more there are. */
export function rows<T>(items: T[], row: (item: T, index: number) => HTMLElement): Child[] {
  const list = h('ul', { class: 'net-list' }, ...items.slice(0, mostRows).map(row));
  return [list, items.length > mostRows && h('p', { class: 'net-note' }, t('net_more', { n: formatNumber(items.length - mostRows) }))];
}

/** What a row of a list stands for on the map. */
export interface Target {
  layer: string | null;
  id: number | null;
  at?: [number, number] | null;
}

/** A row that marks what it is about when it is pointed at, and goes there when it is clicked. */
export function row(desk: NetworkDesk, target: Target, mark: Node | null, title: Child, ...facts: Child[]): HTMLElement {
  return h(
    'li',
    { class: 'net-row', onmouseenter: () => desk.found.mark(target.layer, target.id), onmouseleave: () => desk.found.mark(null, null) },
    h(
      'button',
      { type: 'button', class: 'net-go', onfocus: () => desk.found.mark(target.layer, target.id), onclick: () => desk.found.visit(target.layer, target.id, target.at) },
      mark,
      h('span', { class: 'net-what' }, h('span', { class: 'net-title' }, title), ...facts.filter(Boolean).map((fact) => h('span', { class: 'net-fact' }, fact))),
    ),
  );
}

/** A row for a pipe. */
export function pipeRow(desk: NetworkDesk, pipe: PipeFacts, mark: Node | null, ...facts: Child[]): HTMLElement {
  const title = h('span', {}, [systemName(pipe.subclass ?? pipe.class), pipe.size, pipe.material].filter(Boolean).join(' '));
  return row(desk, { layer: pipe.layer, id: pipe.id }, mark ?? classMark(pipe), title, ...facts, [pipe.code, pipe.owner].filter(Boolean).join(' · '));
}

/** The colour of a class of pipelines. */
export function classMark(pipe: Pick<PipeFacts, 'class' | 'subclass'>): HTMLElement {
  return bar(systemColor(pipe.subclass ?? pipe.class));
}

/** A piece of line in a colour. */
export function bar(color: string): HTMLElement {
  const mark = h('span', { class: 'net-bar', 'aria-hidden': 'true' });
  mark.style.background = color;
  return mark;
}

/** A disc in the colour of a role, with a text. */
export function disc(role: string, text = ''): HTMLElement {
  const mark = h('span', { class: 'net-disc', 'data-role': role, 'aria-hidden': 'true' }, text);
  mark.style.background = colorOf(role);
  return mark;
}

/** What the colours on the map mean. */
export function key(...roles: [role: string, label: string][]): HTMLElement {
  return h('ul', { class: 'net-key' }, ...roles.map(([role, label]) => h('li', {}, bar(colorOf(role)), label)));
}

/** Where a network goes on that may not be seen. */
export function stubs(desk: NetworkDesk, list: Stub[]): HTMLElement | null {
  if (list.length === 0) return null;
  return section(
    t('net_stubs'),
    ...rows(list, (stub) => row(desk, { layer: null, id: null, at: stub.at }, disc('stub', '→'), t('net_stub', { owner: stub.owner || t('net_ownerUnknown') }))),
  );
}

/** A table with a heading for each column; the last `numbers` columns stand right. */
export function table(heads: string[], lines: string[][], numbers: number): HTMLElement {
  const side = (column: number) => (column >= heads.length - numbers ? { class: 'number' } : {});
  return h(
    'table',
    { class: 'net-table' },
    h('thead', {}, h('tr', {}, ...heads.map((head, i) => h('th', { scope: 'col', ...side(i) }, head)))),
    h('tbody', {}, ...lines.map((line) => h('tr', {}, ...line.map((value, i) => h('td', side(i), value))))),
  );
}

/** What can be taken away. */
export function downloads(desk: NetworkDesk, file: string, ...more: Child[]): HTMLElement {
  return h('p', { class: 'net-downloads' }, ...more, h('a', { class: 'plain', href: desk.csv, download: `${file}.csv` }, icon(glyphs.download), 'CSV'));
}

/** A sentence that has to be read. */
export function remark(text: string): HTMLElement {
  return h('p', { class: 'net-remark' }, text);
}
