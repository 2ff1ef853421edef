import type { Feature, LayerInfo } from '../api.ts';
import { h, icon } from '../dom.ts';
import { t, tMaybe } from '../i18n/index.ts';
import { isFindings } from '../map/findings.ts';
import { isNetwork } from '../store.ts';
import { glyphs } from '../ui/icons.ts';
import type { NetworkDesk, Thing } from './desk.ts';
import { remedyOf, ruleName } from './rules.ts';

/** What is said of a feature before its attributes, and which of these it says. */
export interface About {
  element: HTMLElement;
  fields: string[];
}

/** Says more of a feature of a network, or of what a check found, than its attributes do. */
export function aboutNetworks(desk: NetworkDesk, info: LayerInfo, feature: Feature | null, id: number | string | undefined): About | null {
  const properties = feature?.properties ?? {};
  if (isFindings(info)) return finding(properties);
  if (!isNetwork(info) || id === undefined) return null;
  return { element: questions(desk, { layer: info.id, id, code: String(properties['code'] ?? `#${id}`), geometry: feature?.geometry ?? null }, String(properties['element'] ?? '')), fields: [] };
}

/** What can be asked of a pipe or of a point. */
function questions(desk: NetworkDesk, thing: Thing, element: string): HTMLElement {
  const isLink = ['pipe', 'duct', 'cable', 'weir', 'orifice', 'outlet'].includes(element);
  const bursts = desk.bursts(thing.layer);
  const from = desk.profileFrom;
  const ends = from !== null && from.layer === thing.layer && from.id !== thing.id;
  const button = (name: string, label: string, path: string, action: () => void, tone = '') =>
    h('button', { type: 'button', class: `net-ask ${tone}`, 'data-ask': name, onclick: action }, icon(path), h('span', {}, label));
  return h(
    'div',
    { class: 'net-asks', role: 'group', 'aria-label': t('net_asks') },
    button('upstream', t('net_upstreamShort'), glyphs.upstream, () => desk.trace(thing, 'upstream')),
    button('downstream', t('net_downstreamShort'), glyphs.downstream, () => desk.trace(thing, 'downstream')),
    button('connected', t('net_connectedShort'), glyphs.connected, () => desk.trace(thing, 'connected')),
    button('isolate', t('net_isolate'), glyphs.burst, () => desk.burst(thing), 'alarm'),
    bursts.length > 0 && !bursts.includes(String(thing.id)) && button('isolate-too', t('net_burstToo'), glyphs.plus, () => desk.burst(thing, true), 'alarm'),
    isLink && button('clearance', t('net_clearanceShort'), glyphs.clearance, () => desk.clearance(thing)),
    button('profile', t(ends ? 'net_profileTo' : 'net_profileBegin'), glyphs.section, () => desk.profile(thing)),
  );
}

/** What a check found: how bad it is, what is wrong, and what to do. */
function finding(properties: Record<string, unknown>): About {
  const severity = String(properties['severity'] ?? 'info');
  const code = String(properties['code'] ?? '');
  const text = String(properties['text'] ?? '');
  const remedy = remedyOf(code, String(properties['remedy'] ?? ''));
  return {
    fields: ['severity', 'text', 'remedy'],
    element: h(
      'div',
      { class: 'finding', 'data-severity': severity },
      h('p', { class: 'finding-text' }, h('strong', {}, tMaybe(`finding_${severity}`, severity)), h('span', {}, ruleName(code))),
      h('p', {}, h('strong', {}, t('finding_text')), h('span', {}, text)),
      remedy !== '' && h('p', { class: 'finding-remedy' }, h('strong', {}, t('finding_remedy')), h('span', {}, remedy)),
    ),
  };
}
