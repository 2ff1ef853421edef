import { h, icon } from '../dom.ts';
import { formatNumber, t, tMaybe } from '../i18n/index.ts';
import { glyphs } from '../ui/icons.ts';
import type { NetworkDesk } from './desk.ts';
import { changesView } from './changes-view.ts';
import type { Finding, Intake, LayerReport } from './intake.ts';
import { disc, figures, fold, key, remark, row, rows } from './parts.ts';
import { remedyOf, ruleName } from './rules.ts';

type Child = Node | null | false;

/** What is asked before files are checked, and what the checks found. */
export function intakeView(desk: NetworkDesk, intake: Intake): Child[] {
  const { current, busy, problem } = intake;
  return [
    !current?.report && form(intake),
    problem !== null && h('p', { class: 'note problem', role: 'alert' }, problem),
    intake.late && !busy && h('p', { class: 'net-downloads' }, h('button', { type: 'button', class: 'plain strong', id: 'intake-compare', onclick: () => void intake.compare() }, t('intake_compareAgain'))),
    busy && h('p', { class: 'note', role: 'status' }, current?.stage ? t('intake_stage', { stage: tMaybe(`intake_stage_${current.stage}`, current.stage), n: formatNumber(current.progress.features) }) : t('net_asking')),
    ...(current?.report ? review(desk, intake, current.report.layers) : []),
  ];
}

/** Files, and what they do not say themselves. */
function form(intake: Intake): HTMLElement {
  const field = (label: string, input: HTMLElement) => h('label', { class: 'net-field wide' }, h('span', {}, label), input);
  const text = (name: 'layer' | 'crs', placeholder: string) =>
    h('input', { type: 'text', id: `intake-${name}`, value: intake.said[name], placeholder, oninput: (event: Event) => void (intake.said[name] = (event.target as HTMLInputElement).value.trim()) });
  const files = h('input', { type: 'file', id: 'intake-files', multiple: true, class: 'unseen', onchange: () => void intake.check([...(files.files ?? [])]) });
  const drop = h(
    'label',
    {
      class: 'net-drop',
      for: 'intake-files',
      ondragover: (event: DragEvent) => event.preventDefault(),
      ondrop: (event: DragEvent) => {
        event.preventDefault();
        void intake.check([...(event.dataTransfer?.files ?? [])]);
      },
    },
    icon(glyphs.download),
    h('span', {}, h('strong', {}, t('intake_files')), h('small', {}, t('intake_filesHelp'))),
  );
  return h(
    'div',
    { class: 'net-intake' },
    field(t('intake_layer'), text('layer', t('intake_layerHelp'))),
    field(t('intake_crs'), text('crs', 'EPSG:4548')),
    field(
      t('intake_mode'),
      h(
        'select',
        { id: 'intake-mode', onchange: (event: Event) => void (intake.said.mode = (event.target as HTMLSelectElement).value as typeof intake.said.mode) },
        ...(['create', 'upsert', 'replace'] as const).map((mode) => h('option', { value: mode, selected: mode === intake.said.mode }, t(`intake_mode_${mode}`))),
      ),
    ),
    files,
    drop,
    h('p', { class: 'net-note' }, t('intake_note')),
  );
}

/** What the checks found, rule by rule, and the decision. */
function review(desk: NetworkDesk, intake: Intake, layers: LayerReport[]): Child[] {
  const sum = (of: (layer: LayerReport) => number) => formatNumber(layers.reduce((all, layer) => all + of(layer), 0));
  const errors = intake.findings.filter(({ severity }) => severity === 'error').length;
  const merged = layers.flatMap((layer) => (layer.merged ? [layer.merged] : []));
  const byRule = new Map<string, { finding: Finding; index: number }[]>();
  for (const [index, finding] of intake.findings.entries()) byRule.set(finding.code, [...(byRule.get(finding.code) ?? []), { finding, index }]);
  const weight = { error: 0, warning: 1, info: 2 };
  const rules = [...byRule].sort((a, b) => severityOf(a[1]) - severityOf(b[1]) || b[1].length - a[1].length);
  function severityOf(list: { finding: Finding }[]): number {
    return weight[list[0]?.finding.severity ?? 'info'];
  }
  return [
    figures(
      [sum(({ findings }) => findings?.errors ?? 0), t('finding_error'), errors > 0 ? 'bad' : 'good'],
      [sum(({ findings }) => findings?.warnings ?? 0), t('finding_warning')],
      [sum(({ findings }) => findings?.infos ?? 0), t('finding_info')],
      [sum(({ kept }) => kept), t('intake_kept')],
    ),
    ...layers.map(({ title, layer, source }) => h('p', { class: 'net-note' }, `${title || layer} · ${source}`)),
    ...changesView(desk, intake, layers),
    ...merged.filter(() => layers.every(({ comparison }) => !comparison)).map(([added, changed, kept]) => remark(t('intake_merged', { added: formatNumber(added), changed: formatNumber(changed), kept: formatNumber(kept) }))),
    intake.findings.length === 0 && remark(t('intake_clean')),
    ...rules.map(([code, list]) => {
      const severity = list[0]?.finding.severity ?? 'info';
      const part = fold(ruleName(code), list.length, () => [
        h('p', { class: 'net-note' }, remedyOf(code, list[0]?.finding.remedy ?? '')),
        ...rows(list, ({ finding, index }) =>
          row(desk, { layer: null, id: index, at: finding.lonlat }, disc(`finding_${severity}`), finding.feature ?? `${finding.table} ${finding.record}`, t('intake_row', { table: finding.table, record: finding.record }), finding.text),
        ),
      ]);
      part?.classList.add('net-rule');
      part?.setAttribute('data-severity', severity);
      part?.setAttribute('data-rule', code);
      return part;
    }),
    key(['finding_error', t('finding_error')], ['finding_warning', t('finding_warning')], ['finding_info', t('finding_info')]),
    intake.stored && h('p', { class: 'net-done', role: 'status' }, t('intake_stored')),
    h(
      'p',
      { class: 'net-downloads' },
      !intake.stored &&
        h('button', { type: 'button', class: 'plain strong', id: 'intake-accept', disabled: intake.busy, onclick: () => void intake.accept() }, errors > 0 ? t('intake_acceptAnyway', { n: formatNumber(errors) }) : t('intake_accept')),
      intake.findings.length > 0 && h('a', { class: 'plain', href: intake.list('csv'), download: `${t('intake')}.csv` }, icon(glyphs.download), 'CSV'),
      intake.findings.length > 0 && h('a', { class: 'plain', href: intake.list('geojson'), download: `${t('intake')}.geojson` }, icon(glyphs.download), 'GeoJSON'),
    ),
  ];
}
