import { h, icon } from '../dom.ts';
import { t } from '../i18n/index.ts';
import { glyphs } from '../ui/icons.ts';

/** How far a drawing can be magnified. */
const most = 24;

/** What of a sheet is frame and heading, as parts of its width and height. */
const margins = { left: 0.08, right: 0.02, top: 0.15 };
/** The width at which the writing on a sheet can be read, pixels. */
const legible = 1100;

/** A drawing that was asked for, with what can be taken away from it. */
export interface Drawn {
  title: string;
  picture: Blob;
  csv: string;
  file: string;
}

/** A sheet at the foot of the page with a drawing: zoomed by wheel, pinch, buttons and keys, moved by dragging. */
export class Drawing {
  readonly element = h('section', { class: 'card drawing', id: 'network-drawing', hidden: true });
  private readonly picture = h('img', { alt: '', draggable: 'false' });
  private readonly frame = h('div', { class: 'drawing-frame', tabindex: 0 }, this.picture);
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private drawn: Drawn | null = null;
  private url = '';
  private full = false;
  /** Where the upper left corner of the drawing is, and how large it is drawn, in pixels of the frame. */
  private at = { x: 0, y: 0, width: 0 };

  constructor(private readonly closed: () => void) {
    this.picture.addEventListener('load', () => this.fit());
    this.frame.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const { x, y } = this.inFrame(event);
        this.zoom(Math.exp(-event.deltaY / 400), x, y);
      },
      { passive: false },
    );
    this.frame.addEventListener('pointerdown', (event) => {
      this.frame.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.inFrame(event));
    });
    this.frame.addEventListener('pointermove', (event) => this.drag(event));
    for (const end of ['pointerup', 'pointercancel'] as const) this.frame.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    this.frame.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => this.fit()).observe(this.frame);
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  /** Shows a drawing. */
  show(drawn: Drawn): void {
    this.drawn = drawn;
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(drawn.picture);
    this.picture.src = this.url;
    this.element.hidden = false;
    document.body.classList.add('with-drawing');
    this.render();
  }

  close(): void {
    if (!this.open) return;
    this.element.hidden = true;
    this.full = false;
    this.drawn = null;
    URL.revokeObjectURL(this.url);
    document.body.classList.remove('with-drawing');
    this.element.classList.remove('full');
    this.closed();
  }

  /** Draws the sheet again, in the language in use. */
  render(): void {
    if (!this.drawn) return;
    const { title, csv, file } = this.drawn;
    const button = (label: string, path: string, action: () => void, pressed?: boolean, tone = '') =>
      h('button', { type: 'button', class: `small ${tone}`, title: label, 'aria-label': label, 'aria-pressed': pressed === undefined ? null : String(pressed), onclick: action }, icon(path));
    this.element.setAttribute('aria-label', title);
    this.picture.alt = title;
    this.element.replaceChildren(
      h(
        'header',
        { class: 'drawing-head' },
        h('h2', {}, title),
        h('a', { class: 'plain', href: this.url, download: `${file}.svg` }, icon(glyphs.download), 'SVG'),
        h('a', { class: 'plain', href: csv, download: `${file}.csv` }, icon(glyphs.download), 'CSV'),
        button(t('zoomIn'), glyphs.plus, () => this.zoom(1.5), undefined, 'zooms'),
        button(t('zoomOut'), glyphs.minus, () => this.zoom(1 / 1.5), undefined, 'zooms'),
        button(t('drawingFit'), glyphs.target, () => this.fit()),
        button(t('drawingFull'), glyphs.expand, () => this.enlarge(), this.full),
        button(t('drawingClose'), glyphs.close, () => this.close()),
      ),
      this.frame,
    );
  }

  private enlarge(): void {
    this.full = !this.full;
    this.element.classList.toggle('full', this.full);
    this.render();
  }

  /** Shows the whole sheet where there is room, else what is drawn on it over its whole width. */
  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (width === 0 || this.picture.naturalWidth === 0) return;
    const ratio = this.picture.naturalHeight / this.picture.naturalWidth;
    const whole = Math.min(width, height / ratio);
    if (this.full || width < legible / 2) {
      this.at = { x: (width - whole) / 2, y: (height - whole * ratio) / 2, width: whole };
    } else {
      const shown = Math.max(whole, Math.min(width, legible) / (1 - margins.left - margins.right));
      this.at = { x: (width - shown * (1 - margins.left - margins.right)) / 2 - shown * margins.left, y: -shown * ratio * margins.top, width: shown };
    }
    this.place();
  }

  private zoom(factor: number, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2): void {
    const width = Math.min(Math.max(this.at.width * factor, 200), this.frame.clientWidth * most);
    const part = width / this.at.width;
    this.at = { x: x - (x - this.at.x) * part, y: y - (y - this.at.y) * part, width };
    this.place();
  }

  private drag(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.inFrame(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const apart = (point: { x: number; y: number }) => Math.max(Math.hypot(point.x - other.x, point.y - other.y), 1);
      this.zoom(apart(now) / apart(before), other.x, other.y);
    } else {
      this.at.x += now.x - before.x;
      this.at.y += now.y - before.y;
      this.place();
    }
  }

  private key(event: KeyboardEvent): void {
    const step = 60;
    const moves: Record<string, [number, number]> = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const move = moves[event.key];
    if (move) {
      this.at.x += move[0];
      this.at.y += move[1];
      this.place();
    } else if (event.key === '+' || event.key === '=') this.zoom(1.25);
    else if (event.key === '-') this.zoom(0.8);
    else if (event.key === '0') this.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private place(): void {
    const { style } = this.picture;
    style.width = `${this.at.width}px`;
    style.transform = `translate(${this.at.x}px, ${this.at.y}px)`;
  }

  private inFrame({ clientX, clientY }: MouseEvent): { x: number; y: number } {
    const { left, top } = this.frame.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
}
