import { h, icon } from '../dom.ts';
import { formatNumber, t, tMaybe } from '../i18n/index.ts';
import { glyphs } from '../ui/icons.ts';
import type { NetworkDesk } from './desk.ts';
import { removals, type Change, type Comparison, type Intake, type LayerReport } from './intake.ts';
import { disc, figures, fold, remark, row, rows, section } from './parts.ts';

type Child = Node | null | false;

const kinds = ['added', 'changed', 'renumbered', 'absent'] as const;

/** What files change in the layers that are there: how much, what, and what becomes of what they lack. */
export function changesView(desk: NetworkDesk, intake: Intake, layers: LayerReport[]): Child[] {
  const compared = layers.flatMap(({ comparison }) => (comparison ? [comparison] : []));
  if (compared.length === 0) return [];
  const sum = (name: Exclude<keyof Comparison, 'scope'>) => compared.reduce((all, comparison) => all + comparison[name], 0);
  const listed = intake.changes.map((change, index) => ({ change, index: intake.findings.length + index }));
  const lacking = sum('absent') + sum('renumbered');
  const isUpdate = compared.some(({ scope }) => scope === 'extent');
  return [
    section(
      t('changes'),
      figures(...kinds.map((kind): [string, string] => [formatNumber(sum(kind)), t(`change_${kind}`)])),
      h('p', { class: 'net-note' }, t('changes_same', { n: formatNumber(sum('same')), revision: Math.max(...compared.map(({ revision }) => revision)) })),
      sum('added') + sum('changed') + lacking === 0 && remark(t('changes_none')),
    ),
    ...kinds.map((kind) => {
      const list = listed.filter(({ change }) => change.change === kind);
      const part = fold(t(`change_${kind}`), sum(kind), () => rows(list, ({ change, index }) => row(desk, { layer: null, id: index }, disc(`change_${kind}`), title(change), ...facts(change))), kind === 'changed');
      part?.setAttribute('data-change', kind);
      return part;
    }),
    isUpdate && lacking > 0 && !intake.stored && removal(intake),
    intake.changes.length > 0 &&
      h(
        'p',
        { class: 'net-downloads' },
        ...(['csv', 'geojson'] as const).map((form) =>
          h('a', { class: 'plain', href: intake.list(form, 'changes'), download: `${t('changes')}.${form}` }, icon(glyphs.download), `${t('changes')} ${form === 'csv' ? 'CSV' : 'GeoJSON'}`),
        ),
      ),
  ];
}

function title({ name, was }: Change): string {
  return was === undefined ? name : `${was} → ${name}`;
}

/** What is different, in a few words. */
function facts({ element, moved_m, raised_m, reshaped, fields = [] }: Change): (string | undefined)[] {
  const places = [
    moved_m !== undefined && t('change_moved', { n: formatNumber(moved_m) }),
    raised_m !== undefined && t('change_raised', { n: formatNumber(raised_m) }),
    reshaped && t('change_reshaped'),
  ].filter((text) => text !== false && text !== undefined);
  const values = fields.map(({ field, title, old, new: now }) => `${title ?? field}: ${word(old)} → ${word(now)}`);
  const all = [...places, ...values];
  return all.length > 0 ? [all.join(' · ')] : [element === undefined ? undefined : tMaybe(`element_${element}`, element)];
}

function word(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value);
  return value === null || value === '' ? '—' : String(value);
}

/** Whether what the files lack ends when they are stored. */
function removal(intake: Intake): HTMLElement {
  return h(
    'label',
    { class: 'net-field wide' },
    h('span', {}, t('changes_remove')),
    h(
      'select',
      { id: 'intake-remove', onchange: (event: Event) => void (intake.remove = (event.target as HTMLSelectElement).value as Intake['remove']) },
      ...removals.map((name) => h('option', { value: name, selected: name === intake.remove }, t(`changes_remove_${name}`))),
    ),
  );
}
