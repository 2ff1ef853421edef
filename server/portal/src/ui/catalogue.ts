import { h, icon } from '../dom.ts';
import { formatNumber, t, tMaybe } from '../i18n/index.ts';
import { styleOf } from '../map/autostyle.ts';
import { planLegend } from '../map/plans.ts';
import { hasScene } from '../scene/view.ts';
import { isDrawable, type LayerState, type LayerStore } from '../store.ts';
import { glyphs } from './icons.ts';
import { layerMark, mark } from './marks.ts';
import { failureText } from './messages.ts';
import { layerTitle, local, timeText } from './names.ts';

/** What the panel asks of the page. */
export interface CatalogueActions {
  zoomTo(layer: LayerState): void;
  retry(layer: LayerState): void;
  zoom(): number;
  /** Whether the city is shown in 3D. */
  inScene(): boolean;
}

/** The layer list: departments, groups in them, layers in those. */
export class Catalogue {
  readonly element = h('div', { class: 'catalogue' });
  private readonly search = h('input', { type: 'search', id: 'layer-search', autocomplete: 'off', spellcheck: 'false' });
  private readonly list = h('div', { class: 'catalogue-list' });
  private readonly summary = h('p', { class: 'catalogue-summary', 'aria-live': 'polite' });
  private readonly rows = new Map<string, () => void>();
  private readonly departments: (() => void)[] = [];
  private readonly openDetails = new Set<string>();
  private readonly closedDepartments = new Set<string>();

  constructor(
    private readonly store: LayerStore,
    private readonly actions: CatalogueActions,
  ) {
    this.search.addEventListener('input', () => this.renderList());
    this.search.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.search.value === '') return;
      event.stopPropagation();
      this.search.value = '';
      this.renderList();
    });
    store.follow((layer) => {
      this.rows.get(layer.info.id)?.();
      this.departments.forEach((refresh) => refresh());
      this.renderSummary();
    });
    store.followList(() => this.renderList());
    this.render();
  }

  /** Draws the panel again, in the language in use. */
  render(): void {
    this.search.placeholder = t('searchPlaceholder');
    this.element.replaceChildren(
      h(
        'div',
        { class: 'search' },
        icon(glyphs.search),
        h('label', { for: 'layer-search', class: 'unseen' }, t('searchLabel')),
        this.search,
      ),
      this.list,
      this.summary,
    );
    this.renderList();
  }

  /** Refreshes what depends on the camera. */
  moved(): void {
    this.rows.forEach((refresh) => refresh());
  }

  focusSearch(): void {
    this.search.focus();
  }

  private renderSummary(): void {
    this.summary.textContent = t('layersOn', { on: this.store.visible().length, all: this.store.layers.length });
  }

  private renderList(): void {
    this.rows.clear();
    this.departments.length = 0;
    const query = fold(this.search.value);
    const found = this.store.layers.filter((layer) => query === '' || searchText(layer).includes(query));
    const departments = groupBy(found, ({ info }) => info.department);
    this.list.replaceChildren(
      ...[...departments].map(([name, layers], index) => this.department(name, layers, `department-${index}`, query !== '')),
    );
    if (found.length === 0) {
      this.list.append(h('p', { class: 'nothing' }, t('searchNothing', { query: this.search.value.trim() })));
    }
    this.renderSummary();
  }

  private department(name: string, layers: LayerState[], id: string, searching: boolean): HTMLElement {
    const title = name || t('noDepartment');
    const open = searching || !this.closedDepartments.has(name);
    const body = h('div', { id, class: 'department-body', hidden: !open });
    for (const [group, members] of groupBy(layers, ({ info }) => info.group)) {
      if (group) body.append(h('h3', { class: 'group' }, group));
      body.append(h('ul', {}, ...members.map((layer) => this.row(layer))));
    }
    const count = h('span', { class: 'department-count' });
    const toggle = h(
      'button',
      {
        type: 'button',
        class: 'department-name',
        'aria-expanded': String(open),
        'aria-controls': id,
        onclick: () => {
          const opened = body.hidden;
          body.hidden = !opened;
          toggle.setAttribute('aria-expanded', String(opened));
          if (opened) this.closedDepartments.delete(name);
          else this.closedDepartments.add(name);
        },
      },
      icon(glyphs.chevron),
      h('span', {}, title),
      count,
    );
    const all = h('input', {
      type: 'checkbox',
      class: 'check',
      'aria-label': t('showDepartment', { name: title }),
      onchange: () => {
        const visible = all.checked;
        for (const { info } of layers) if (isDrawable(info)) this.store.change(info.id, { visible });
      },
    });
    const refresh = () => {
      const on = layers.filter((layer) => layer.visible).length;
      all.checked = on === layers.length;
      all.indeterminate = on > 0 && on < layers.length;
      count.textContent = `${on}/${layers.length}`;
    };
    refresh();
    this.departments.push(refresh);
    return h('section', { class: 'department' }, h('h2', {}, toggle, all), body);
  }

  private row(layer: LayerState): HTMLElement {
    const { info } = layer;
    const title = layerTitle(info);
    const drawable = isDrawable(info);
    const checkId = `layer-${info.id}`;
    const detailsId = `details-${info.id}`;
    const check = h('input', {
      type: 'checkbox',
      class: 'check',
      id: checkId,
      disabled: !drawable,
      onchange: () => this.store.change(info.id, { visible: check.checked }),
    });
    const note = h('p', { class: 'note' });
    const details = h('div', { id: detailsId, class: 'details' });
    const more = h(
      'button',
      {
        type: 'button',
        class: 'small',
        title: t('layerDetails', { name: title }),
        'aria-label': t('layerDetails', { name: title }),
        'aria-controls': detailsId,
        onclick: () => {
          if (!this.openDetails.delete(info.id)) this.openDetails.add(info.id);
          showDetails();
        },
      },
      icon(glyphs.more),
    );
    const showDetails = () => {
      const open = this.openDetails.has(info.id);
      more.setAttribute('aria-expanded', String(open));
      details.hidden = !open;
      if (open) details.replaceChildren(...this.details(layer));
    };
    const element = h(
      'li',
      { class: 'layer', 'data-layer': info.id },
      h(
        'div',
        { class: 'layer-line' },
        check,
        h('label', { for: checkId }, layerMark(styleOf(info)), h('span', { class: 'layer-title', title: info.id }, title)),
        h('span', { class: 'layer-count', title: t('count', { n: formatNumber(info.count) }) }, formatNumber(info.count)),
        h(
          'button',
          {
            type: 'button',
            class: 'small',
            title: t('zoomToLayer', { name: title }),
            'aria-label': t('zoomToLayer', { name: title }),
            disabled: info.bounds === null,
            onclick: () => this.actions.zoomTo(layer),
          },
          icon(glyphs.target),
        ),
        more,
      ),
      note,
      details,
    );
    const refresh = () => {
      check.checked = layer.visible;
      element.classList.toggle('off', !layer.visible);
      element.classList.toggle('failed', layer.failure !== null);
      note.replaceChildren(...this.note(layer));
      note.hidden = note.childNodes.length === 0;
    };
    refresh();
    showDetails();
    this.rows.set(info.id, refresh);
    return element;
  }

  /** What a person should know about a layer that they may not see. */
  private note(layer: LayerState): (Node | string)[] {
    const { info, visible, failure } = layer;
    if (!isDrawable(info)) {
      return info.bounds === null ? [] : [t('notDrawable', { kind: tMaybe(`kind_${info.kind}`, info.kind) })];
    }
    if (failure !== null) {
      const retry = h('button', { type: 'button', class: 'link', onclick: () => this.actions.retry(layer) }, t('retry'));
      return [t('layerFailed', { reason: failureText(failure) }), ' ', retry];
    }
    if (this.actions.inScene()) return visible && !hasScene(layer) && !liesOnGround(layer) ? [t('layerFlat')] : [];
    const from = firstZoom(layer);
    return visible && this.actions.zoom() < from ? [t('layerTooFar', { zoom: from })] : [];
  }

  private details(layer: LayerState): HTMLElement[] {
    const { info } = layer;
    const percent = h('output', {}, `${Math.round(layer.opacity * 100)}%`);
    const slider = h('input', {
      type: 'range',
      min: 0,
      max: 100,
      step: 5,
      value: Math.round(layer.opacity * 100),
      oninput: () => {
        percent.textContent = `${slider.value}%`;
        this.store.change(info.id, { opacity: Number(slider.value) / 100 });
      },
    });
    const { legend: own, layers } = styleOf(info);
    const legend = [...own, ...planLegend(info, layers)];
    const facts: [string, string][] = [
      [t('identifier'), info.id],
      [t('sourceCrs'), info.crs],
      [t('zoomRange'), `${info.minzoom}–${info.maxzoom}`],
      [t('revision'), String(info.revision)],
    ];
    if (info.time) facts.push([t('timeExtent'), timeText(info.time)]);
    if (info.heights && ['model', 'network', 'tileset'].includes(info.kind)) facts.push([t('heights'), tMaybe(`heights_${info.heights}`, info.heights)]);
    return [
      h('label', { class: 'opacity' }, h('span', {}, t('opacity')), slider, percent),
      h(
        'ul',
        { class: 'legend', 'aria-label': t('legend'), hidden: legend.length < 2 },
        ...legend.map((entry) => h('li', {}, mark(entry), h('span', {}, local(entry.label)))),
      ),
      h('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    ];
  }
}

/** The zoom from which anything of the layer is drawn. */
function firstZoom({ info }: LayerState): number {
  const drawn = styleOf(info).layers.map((layer) => layer.minzoom ?? 0);
  return Math.max(info.minzoom, drawn.length > 0 ? Math.min(...drawn) : 0);
}

/** Whether the ground of the city in 3D shows anything of the layer. */
function liesOnGround({ info }: LayerState): boolean {
  return styleOf(info).layers.some(({ type }) => type === 'fill' || type === 'line');
}

function searchText({ info }: LayerState): string {
  return fold([info.id, info.title, info.department, info.group, info.title_en ?? '', info.style?.title?.en ?? ''].join('\n'));
}

/** Case and full-width forms do not matter to a search. */
function fold(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}

/** The members under each key, both in the order in which they come. */
function groupBy<T>(members: T[], key: (member: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const name = key(member);
    const group = groups.get(name);
    if (group) group.push(member);
    else groups.set(name, [member]);
  }
  return groups;
}
