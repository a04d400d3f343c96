// The status page: reads /api/v1/slos and /api/v1/notifications every two seconds and shows what
// they say.  What comes from the server is only ever set as text: label values are hostile input.
'use strict';

(() => {
  const REFRESH_MS = 2000;
  const TIMEOUT_MS = 5000;
  const SPARK_POINTS_MAX = 150;
  const STALE_INTERVALS = 3;  // Evaluations missed before a figure is called stale.
  const STALE_GRACE_SECONDS = 2;
  const SVG = 'http://www.w3.org/2000/svg';
  const NBSP = '\u00a0';

  // What a group is, worst first.  The icon differs in shape, so that colour is never alone.
  const KINDS = {
    firing: {text: 'Firing', icon: 'M8 1 15.5 14.5H.5zM7.1 5.5v5h1.8v-5zM7.1 11.4v1.8h1.8v-1.8z'},
    pending: {text: 'Pending', icon: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 2v10A5 5 0 0 1 8 3z'},
    breached: {text: 'Breached', icon: 'M5 1h6v6h4l-7 8-7-8h4z'},
    nodata: {text: 'No data', icon: 'M8 .5 15.5 8 8 15.5.5 8zM8 3.3 3.3 8 8 12.7 12.7 8z'},
    ok: {
      text: 'OK',
      icon: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.2 8.2 5.4 7 7.2 8.8 10.8 5.2 12 6.4 7.2 11.2z'
    },
  };
  const KIND_ORDER = Object.keys(KINDS);
  const SUMMARY_ALWAYS = ['firing', 'pending', 'ok', 'nodata'];

  const CONDITIONS = {
    breached: {badge: 'Breached', words: 'Below the objective.'},
    no_traffic:
        {badge: 'No traffic', words: 'No requests in the window: there is nothing to rate.'},
    no_data: {badge: 'No data', words: 'No samples in the window.'},
    no_such_bound: {
      badge: 'No such bound',
      words: 'The threshold is not one of the histogram’s bucket bounds.'
    },
    window_beyond_retention:
        {badge: 'Window too long', words: 'The window reaches back before what is kept.'},
    incomplete: {badge: 'Incomplete', words: 'Evaluated without all of its inputs.'},
  };

  // ---- Text.

  function number(value, digits) {
    return value.toLocaleString('en', {maximumFractionDigits: digits}).replace('-', '\u2212');
  }

  function count(value) {
    return number(value, Math.abs(value) < 1000 ? 1 : 0);
  }

  // Rounds down, so that what misses an objective never reads as if it met it.  The epsilon undoes
  // the error of a product such as 0.994 * 100.
  function percent(ratio, digits) {
    const scale = 10 ** digits;
    return number(Math.floor(ratio * 100 * scale + 1e-6) / scale, digits) + NBSP + '%';
  }

  // One digit more than the objective has, and at least two.
  function ratioDigits(objective) {
    const decimals = String(Number((objective * 100).toPrecision(12))).split('.')[1];
    return Math.max(2, (decimals || '').length + 1);
  }

  function objectiveText(objective) {
    return percent(objective, ratioDigits(objective));
  }

  // "1h30m" -> "1 h 30 m"
  function spaced(duration) {
    return duration.replace(/(\d)([a-z]+)/g, '$1' + NBSP + '$2 ').trim();
  }

  function span(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return s + NBSP + 's';
    if (s < 3600) return Math.floor(s / 60) + NBSP + 'min';
    if (s < 86400)
      return Math.floor(s / 3600) + NBSP + 'h ' + Math.floor(s % 3600 / 60) + NBSP + 'min';
    return Math.floor(s / 86400) + NBSP + 'd ' + Math.floor(s % 86400 / 3600) + NBSP + 'h';
  }

  function secondsBetween(from, to) {
    return (to - new Date(from)) / 1000;
  }

  // The API's times are UTC, as are the log's; so is the page.
  function clock(time, now) {
    const text = new Date(time).toISOString();
    const today = now && text.slice(0, 10) === now.toISOString().slice(0, 10);
    return (today ? '' : text.slice(0, 10) + ' ') + text.slice(11, 19) + NBSP + 'UTC';
  }

  function plural(n, one, many) {
    return number(n, 0) + ' ' + (n === 1 ? one : many);
  }

  // ---- Elements.

  function element(tag, className, ...children) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);
    return node;
  }

  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function setClass(node, className) {
    if (node.getAttribute('class') !== className) node.setAttribute('class', className);
  }

  function svg(tag, attributes) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function icon(path) {
    const node = svg('svg', {viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true'});
    node.append(svg('path', {d: path, 'fill-rule': 'evenodd'}));
    return node;
  }

  function timeElement(time, now) {
    const node = element('time', '', clock(time, now));
    node.dateTime = time;
    return node;
  }

  // Keeps one child of `parent` a key, made by make(), in the order of `keys`, and drops the
  // others. Nodes that stay are not touched, so that focus and selection survive a refresh.
  function reconcile(parent, views, keys, make) {
    for (const [key, view] of views) {
      if (keys.includes(key)) continue;
      view.root.remove();
      views.delete(key);
    }
    keys.forEach((key, index) => {
      if (!views.has(key)) views.set(key, make());
      const {root} = views.get(key);
      if (parent.children[index] !== root)
        parent.insertBefore(root, parent.children[index] || null);
    });
  }

  // ---- What the API says, as the page sees it.

  function kindOf(group) {
    if (group.state === 'firing' || group.state === 'pending') return group.state;
    if (group.condition === 'ok' || group.condition === 'breached') return group.condition;
    // A ratio below the objective would be called breached.
    if (group.condition === 'incomplete' && group.ratio !== null) return 'ok';
    return 'nodata';
  }

  function badgeText(group) {
    const kind = kindOf(group);
    if (kind === 'ok' && group.condition === 'incomplete') return 'OK, incomplete';
    return kind === 'nodata' ? CONDITIONS[group.condition]?.badge || group.condition :
                               KINDS[kind].text;
  }

  // An SLO that has no group yet has its condition itself.
  function groupsOf(slo) {
    if (slo.groups.length > 0) return slo.groups;
    return [{
      labels: {},
      state: 'inactive',
      since: null,
      condition: slo.condition,
      message: slo.message,
      good: null,
      total: null,
      ratio: null,
      error_budget: {},
      burn_rates: {},
      alerts: [],
      complete: true,
      data_through: null,
      data_age_seconds: null,
    }];
  }

  function groupKey(group) {
    return JSON.stringify(Object.entries(group.labels));
  }

  function labelText([name, value]) {
    return name + '=' + JSON.stringify(value);
  }

  function worstFirst(a, b) {
    const rank = (slo) => Math.min(...groupsOf(slo).map((g) => KIND_ORDER.indexOf(kindOf(g))));
    return rank(a) - rank(b) || a.service.localeCompare(b.service) || a.name.localeCompare(b.name);
  }

  function isStale(slo, now) {
    if (!slo.evaluated_at) return false;
    const limit = STALE_INTERVALS * slo.evaluation_interval_seconds + STALE_GRACE_SECONDS;
    return secondsBetween(slo.evaluated_at, now) > limit;
  }

  function secondsOf(window) {
    const units = {ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000};
    let seconds = 0;
    for (const [, n, unit] of window.matchAll(/(\d+)([a-z]+)/g)) seconds += n * (units[unit] || 0);
    return seconds;
  }

  // ---- A group.

  // The ratio since the page was opened, with the objective as a dashed line.
  class Sparkline {
    constructor() {
      this.points = [];
      this.line = svg('polyline', {class: 'spark-line', 'vector-effect': 'non-scaling-stroke'});
      this.goal =
          svg('line', {class: 'spark-goal', x1: 0, x2: 100, 'vector-effect': 'non-scaling-stroke'});
      this.chart = svg(
          'svg', {class: 'spark', viewBox: '0 0 100 30', preserveAspectRatio: 'none', role: 'img'});
      this.chart.append(this.goal, this.line);
      this.caption = element('p', 'sub');
      this.root = element('div', 'trend', this.chart, this.caption);
    }

    update(at, ratio, objective) {
      const last = this.points[this.points.length - 1];
      if (at && ratio !== null && (!last || last.at !== at)) this.points.push({at, ratio});
      if (this.points.length > SPARK_POINTS_MAX) this.points.shift();
      const ratios = this.points.map((p) => p.ratio);
      const low = Math.min(objective, ...ratios);
      const high = Math.max(objective, ...ratios);
      const margin = Math.max((high - low) * 0.15, 1e-4);
      const y = (r) => (30 * (high + margin - r) / (high - low + 2 * margin)).toFixed(2);
      const x = (i) => (100 * i / Math.max(1, ratios.length - 1)).toFixed(2);
      this.line.setAttribute('points', ratios.map((r, i) => x(i) + ',' + y(r)).join(' '));
      this.goal.setAttribute('y1', y(objective));
      this.goal.setAttribute('y2', y(objective));
      this.describe(objective);
    }

    describe(objective) {
      const digits = ratioDigits(objective);
      if (this.points.length < 2) {
        setText(this.caption, 'trend since the page was opened');
        this.chart.setAttribute('aria-label', 'No trend yet');
        return;
      }
      const first = this.points[0];
      const last = this.points[this.points.length - 1];
      const length = span(secondsBetween(first.at, new Date(last.at)));
      setText(this.caption, 'last ' + length);
      this.chart.setAttribute(
          'aria-label',
          'Ratio over the last ' + length + ': from ' + percent(first.ratio, digits) + ' to ' +
              percent(last.ratio, digits));
    }
  }

  class Budget {
    constructor() {
      this.left = element('strong');
      this.fill = element('div', 'meter-fill');
      this.meter = element('div', 'meter', this.fill);
      this.meter.setAttribute('role', 'meter');
      this.meter.setAttribute('aria-label', 'Error budget left');
      this.meter.setAttribute('aria-valuemin', '0');
      this.meter.setAttribute('aria-valuemax', '100');
      this.title = element('span', 'field');
      this.detail = element('p', 'sub');
      this.root = element(
          'div', 'budget', element('p', 'budget-head', this.title, this.left), this.meter,
          this.detail);
    }

    update(budget, window) {
      const ratio = budget.remaining_ratio ?? null;
      setText(this.title, 'Error budget, ' + spaced(window));
      const spent = ratio !== null && ratio < 0;
      setClass(
          this.root,
          'budget' +
              (spent                              ? ' overspent' :
                   ratio !== null && ratio < 0.25 ? ' low' :
                                                    ''));
      const left = ratio === null ? 'not known yet' : percent(ratio, 1) + ' left';
      setText(this.left, left);
      const shown = ratio === null ? 0 : spent ? 1 : Math.min(1, ratio);
      this.fill.style.width = (100 * shown).toFixed(2) + '%';
      this.meter.setAttribute('aria-valuenow', String(spent ? 0 : Math.round(100 * shown)));
      this.meter.setAttribute('aria-valuetext', left);
      setText(this.detail, Budget.words(budget, spent));
    }

    static words(budget, spent) {
      if ((budget.remaining_ratio ?? null) === null) return 'no events in the window';
      const of = count(budget.consumed) + ' of ' + count(budget.total) + ' allowed failures used';
      return spent ? 'overspent by ' + count(-budget.remaining_events) + ': ' + of : of;
    }
  }

  class GroupView {
    constructor() {
      this.badge = element('span', 'badge');
      this.labels = element('span', 'labels');
      this.since = element('span', 'since sub');
      this.ratio = element('p', 'ratio');
      this.goal = element('p', 'sub');
      this.counts = element('p', 'sub');
      this.spark = new Sparkline();
      this.budget = new Budget();
      this.burns = element('dl', 'burns');
      this.burnBox = element('div', 'burn', element('p', 'field', 'Burn rate'), this.burns);
      this.note = element('p', 'note');
      this.alerts = element('ul', 'alerts');
      this.age = element('p', 'age sub');
      this.figures = element(
          'div', 'figures', element('div', 'now', this.ratio, this.goal, this.counts),
          this.spark.root, this.budget.root, this.burnBox);
      this.root = element(
          'div', 'group',
          element('div', 'group-head', this.badge, this.labels, this.since, this.age), this.note,
          this.figures, this.alerts);
      this.drawn = {};
    }

    // Calls draw() when what it draws has changed.
    once(name, value, draw) {
      const text = JSON.stringify(value);
      if (this.drawn[name] === text) return;
      this.drawn[name] = text;
      draw();
    }

    update(slo, group, now) {
      const kind = kindOf(group);
      this.once('badge', [kind, badgeText(group)], () => {
        setClass(this.badge, 'badge kind-' + kind);
        this.badge.replaceChildren(icon(KINDS[kind].icon), badgeText(group));
        setClass(this.root, 'group edge-' + kind);
      });
      this.once('labels', Object.entries(group.labels), () => {
        this.labels.replaceChildren(
            ...Object.entries(group.labels)
                .map((label) => element('code', 'label', labelText(label))));
      });
      setText(this.since, group.since ? 'for ' + span(secondsBetween(group.since, now)) : '');
      this.since.title = group.since ? 'since ' + clock(group.since) : '';
      this.updateFigures(slo, group);
      this.updateNote(group);
      this.updateAlerts(group, now);
      this.updateAge(slo, group, now);
    }

    updateFigures(slo, group) {
      const digits = ratioDigits(slo.objective);
      setText(this.ratio, group.ratio === null ? '–' : percent(group.ratio, digits));
      setClass(
          this.ratio,
          'ratio' +
              (group.ratio === null            ? ' none' :
                   group.ratio < slo.objective ? ' below' :
                                                 ''));
      setText(this.goal, 'objective ' + objectiveText(slo.objective));
      setText(
          this.counts,
          group.total === null ? '' :
                                 count(group.good) + ' good of ' + count(group.total) + ' in ' +
                  spaced(slo.alert_window));
      this.spark.update(slo.evaluated_at, group.ratio, slo.objective);
      this.budget.update(group.error_budget, slo.window);
      this.once('burns', group.burn_rates, () => this.drawBurns(group.burn_rates));
      this.spark.root.hidden = this.spark.points.length === 0;
      this.figures.hidden = this.spark.root.hidden && (group.error_budget.events ?? null) === null;
    }

    drawBurns(rates) {
      const windows = Object.keys(rates).sort((a, b) => secondsOf(a) - secondsOf(b));
      this.burnBox.hidden = windows.length === 0;
      this.burns.replaceChildren(...windows.map((window) => {
        const rate = rates[window];
        const digits = Math.abs(rate) < 10 ? 2 : 1;
        const text = rate === null ? '–' : number(rate, digits) + NBSP + '×';
        return element(
            'div', rate !== null && rate > 1 ? 'burn-row fast' : 'burn-row',
            element('dt', '', spaced(window)), element('dd', '', text));
      }));
    }

    updateNote(group) {
      const condition = CONDITIONS[group.condition];
      const words = condition ? condition.words : '';
      const held = group.state !== 'inactive' && kindOf({...group, state: 'inactive'}) === 'nodata';
      setText(
          this.note, [held ? 'State held.' : '', group.message || words].filter(Boolean).join(' '));
      this.note.hidden = this.note.textContent === '';
    }

    updateAlerts(group, now) {
      const active = group.alerts.filter((alert) => alert.state !== 'inactive');
      this.alerts.hidden = active.length === 0;
      this.once('alerts', [active, now.toISOString().slice(0, 10)], () => {
        this.alerts.replaceChildren(...active.map((alert) => {
          const item = element('li', '', element('strong', '', alert.name), ' ' + alert.state);
          const since = alert.state === 'firing' ? alert.fired_at : alert.active_since;
          if (since) item.append(' since ', timeElement(since, now));
          const words = alert.annotations.summary || alert.annotations.description;
          if (words) item.append(' ', element('span', 'words', words));
          return item;
        }));
      });
    }

    updateAge(slo, group, now) {
      const parts = [];
      if (group.data_age_seconds !== null)
        parts.push('data ' + span(group.data_age_seconds) + ' old');
      if (group.data_through && !group.complete) parts.push('inputs incomplete');
      const stale = isStale(slo, now);
      if (stale)
        parts.push('stale: last evaluated ' + span(secondsBetween(slo.evaluated_at, now)) + ' ago');
      setText(this.age, parts.join(' · '));
      setClass(
          this.age, stale || (group.data_through && !group.complete) ? 'age sub warn' : 'age sub');
    }
  }

  class SloView {
    constructor() {
      this.name = element('h2');
      this.service = element('span', 'service');
      this.promise = element('p', 'promise');
      this.source = element('p', 'sub source');
      this.trouble = element('p', 'trouble');
      this.list = element('div', 'groups');
      this.groups = new Map();
      this.root = element(
          'article', 'card',
          element(
              'header', 'card-head', element('div', 'card-title', this.name, this.service),
              this.promise, this.source, this.trouble),
          this.list);
    }

    update(slo, now, filter) {
      setText(this.name, slo.name);
      setText(this.service, slo.service);
      this.service.hidden = slo.service === '';
      const told = slo.consumers.length > 0 ? '; promised to ' + slo.consumers.join(', ') : '';
      setText(
          this.promise,
          objectiveText(slo.objective) + ' under ' + spaced(slo.indicator.threshold) + ', over ' +
              spaced(slo.alert_window) + told);
      setText(
          this.source,
          slo.indicator.histogram +
              (slo.indicator.selector ? '{' + slo.indicator.selector + '}' : ''));
      // What the groups say themselves is not said twice.
      const said =
          groupsOf(slo).some((group) => group.message && slo.message.endsWith(group.message));
      setText(this.trouble, said ? '' : slo.message);
      this.trouble.hidden = this.trouble.textContent === '';
      const shown = groupsOf(slo).filter((group) => !filter || kindOf(group) === filter);
      this.root.hidden = shown.length === 0;
      reconcile(this.list, this.groups, shown.map(groupKey), () => new GroupView());
      for (const group of shown) this.groups.get(groupKey(group)).update(slo, group, now);
    }
  }

  // ---- The notifications.

  function notificationRow(item, now) {
    const owed = item.state === 'owed';
    const cell = (name, ...children) => {
      const node = element('td', '', ...children);
      node.dataset.name = name;
      return node;
    };
    const state = element(
        'span', 'badge ' + (owed ? 'kind-pending' : 'kind-ok'),
        icon(owed ? KINDS.pending.icon : KINDS.ok.icon), owed ? 'Owed' : 'Delivered');
    const detail = element('div', '', item.reason || '–');
    if (owed) {
      const next = element('p', 'sub', plural(item.attempts, 'attempt', 'attempts'));
      if (item.next_attempt_at) next.append(', next at ', timeElement(item.next_attempt_at, now));
      detail.append(next);
    }
    if (item.last_error && owed) detail.append(element('p', 'error', item.last_error));
    return element(
        'tr', '', cell('State', state),
        cell('Time', timeElement(item.delivered_at || item.created_at, now)),
        cell('Receiver', element('span', 'receiver', item.receiver)),
        cell(
            'Says',
            element(
                'span', 'says says-' + (item.status === 'firing' ? 'firing' : 'resolved'),
                item.status),
            ' (' + plural(item.alerts, 'alert', 'alerts') + ')'),
        cell('Reason', detail));
  }

  function notificationTable(items, now) {
    if (items.length === 0)
      return element('p', 'card quiet', 'Nothing was sent yet, and nothing is owed.');
    const heads = ['State', 'Time', 'Receiver', 'Says', 'Reason'].map((name) => {
      const node = element('th', '', name);
      node.scope = 'col';
      return node;
    });
    return element(
        'div', 'card table-card',
        element(
            'table', '', element('thead', '', element('tr', '', ...heads)),
            element('tbody', '', ...items.map((item) => notificationRow(item, now)))));
  }

  // ---- The page.

  const page = {
    link: document.getElementById('link'),
    linkText: document.getElementById('link-text'),
    evaluated: document.getElementById('evaluated'),
    lost: document.getElementById('lost'),
    summary: document.getElementById('summary'),
    slos: document.getElementById('slos'),
    empty: document.getElementById('empty'),
    notifications: document.getElementById('notifications'),
    announce: document.getElementById('announce'),
  };

  const sloViews = new Map();
  const tiles = new Map();
  let filter = null;       // A kind, or null for all.
  let last = null;         // {slos, items, now}: what was shown last.
  let kindsBefore = null;  // By group, for announcements.
  let shownNotifications = '';

  function makeTile(kind) {
    const value = element('strong', 'tile-count', '0');
    const root = element(
        'button', 'tile kind-' + kind, icon(KINDS[kind].icon), value,
        element('span', 'tile-name', KINDS[kind].text));
    root.type = 'button';
    root.addEventListener('click', () => {
      filter = filter === kind ? null : kind;
      if (last) show(last);
    });
    return {root, value};
  }

  function showSummary(slos) {
    const counts = {};
    for (const slo of slos) {
      for (const group of groupsOf(slo)) counts[kindOf(group)] = (counts[kindOf(group)] || 0) + 1;
    }
    const kinds = [...SUMMARY_ALWAYS];
    if (counts.breached || filter === 'breached') kinds.splice(2, 0, 'breached');
    for (const kind of kinds) {
      if (!tiles.has(kind)) tiles.set(kind, makeTile(kind));
    }
    reconcile(page.summary, tiles, kinds, () => null);
    for (const [kind, tile] of tiles) {
      const n = counts[kind] || 0;
      setText(tile.value, String(n));
      tile.root.setAttribute('aria-pressed', String(filter === kind));
      setClass(tile.root, 'tile kind-' + kind + (n === 0 ? ' zero' : ''));
    }
    document.title = (counts.firing ? '(' + counts.firing + ' firing) ' : '') + 'Nines';
  }

  function announceChanges(slos) {
    const kinds = new Map();
    const changes = [];
    for (const slo of slos) {
      for (const group of groupsOf(slo)) {
        const key = slo.id + groupKey(group);
        kinds.set(key, kindOf(group));
        if (kindsBefore && kindsBefore.has(key) && kindsBefore.get(key) !== kindOf(group)) {
          const labels = Object.entries(group.labels).map(labelText).join(', ');
          changes.push(
              [slo.service, slo.name, labels].filter(Boolean).join(', ') + ': ' + badgeText(group));
        }
      }
    }
    kindsBefore = kinds;
    if (changes.length > 0) setText(page.announce, changes.join('. '));
  }

  function showLink(kind, text) {
    setClass(page.link, 'link link-' + kind);
    setText(page.linkText, text);
  }

  function show(state) {
    const {slos, items, now} = state;
    showSummary(slos);
    const sorted = [...slos].sort(worstFirst);
    reconcile(page.slos, sloViews, sorted.map((slo) => slo.id), () => new SloView());
    for (const slo of sorted) sloViews.get(slo.id).update(slo, now, filter);
    page.empty.hidden = slos.length > 0;
    page.summary.hidden = slos.length === 0;
    const text = JSON.stringify([items, now.toISOString().slice(0, 10)]);
    if (text !== shownNotifications) {
      shownNotifications = text;
      page.notifications.replaceChildren(notificationTable(items, now));
    }
  }

  function showFreshness(slos, now) {
    const times = slos.map((slo) => slo.evaluated_at).filter(Boolean).sort();
    if (times.length === 0) {
      setText(
          page.evaluated,
          slos.length === 0 ? 'nothing to evaluate' : 'waiting for the first evaluation');
      showLink(slos.length === 0 ? 'live' : 'wait', slos.length === 0 ? 'connected' : 'waiting');
      return;
    }
    const newest = times[times.length - 1];
    page.evaluated.replaceChildren('evaluated ', timeElement(newest, now));
    const stale = slos.some((slo) => isStale(slo, now));
    showLink(stale ? 'stale' : 'live', stale ? 'stale' : 'live');
  }

  function showLost(reason) {
    showLink('lost', 'connection lost');
    document.body.classList.add('is-lost');
    page.lost.hidden = false;
    setText(
        page.lost,
        'Connection lost (' + reason + '). ' +
            (last ? 'This is how things stood at ' + clock(last.now, last.now) + '.' :
                    'Trying again.'));
  }

  async function read(path) {
    const response =
        await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS)});
    if (!response.ok) throw new Error('status ' + response.status);
    const body = await response.json();
    if (body.status !== 'success') throw new Error(body.error || 'not understood');
    // The server's clock: what is stale must not depend on the reader's.
    const date = Date.parse(response.headers.get('Date') || '');
    return {data: body.data, now: Number.isNaN(date) ? new Date() : new Date(date)};
  }

  async function refresh() {
    try {
      const [slos, notifications] =
          await Promise.all([read('api/v1/slos'), read('api/v1/notifications?limit=30')]);
      last = {slos: slos.data, items: notifications.data, now: slos.now};
      announceChanges(last.slos);
      show(last);
      showFreshness(last.slos, last.now);
      page.lost.hidden = true;
      document.body.classList.remove('is-lost');
    } catch (error) {
      showLost(
          error.name === 'TimeoutError'  ? 'no answer' :
              error.name === 'TypeError' ? 'no connection' :
                                           error.message);
    }
    setTimeout(refresh, REFRESH_MS);
  }

  for (const node of document.querySelectorAll('.origin')) {
    setText(node, location.href.replace(/[?#].*$/, '').replace(/\/$/, ''));
  }
  refresh();
})();
