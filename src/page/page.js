'use strict';
// Names and reasons are set as text, never as markup.
const one = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
let state = null;
let chosen = 0;
let seen = 0;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

const count = (value) => (value === null || value === undefined ? '–' : value.toLocaleString('en'));
const rate = (value) => (value === null ? '–' : value.toFixed(value < 100 ? 1 : 0));

function numbers(list) {
  const pods = list.pods;
  const shown = [['waiting', count(list.waiting)], ['in flight', count(list.in_flight)], ['delayed', count(list.delayed)],
    ['dead', count(list.dead)], ['processed', count(list.acknowledged)]];
  if (pods) shown.push(['pods ready', pods.ready === pods.desired ? count(pods.ready) : `${pods.ready} / ${pods.desired}`]);
  if (list.consumers !== null) shown.push(['consumers', `${list.consumers}, ${count(list.busy)} busy`]);
  shown.push(['in, out per second', `${rate(list.in_per_second)}, ${rate(list.out_per_second)}`]);
  if (list.oldest !== null) shown.push(['oldest waits', clock(list.oldest)]);
  one('numbers').replaceChildren(...shown.map(([name, value]) => {
    const pair = element('div');
    pair.append(element('dt', name), element('dd', value));
    return pair;
  }));
}

// Each run of columns with data is one area; a gap stays empty.
function area(values, peak, line) {
  let path = '';
  let open = false;
  values.forEach((value, index) => {
    if (value === null) {
      if (open && !line) path += 'V100Z';
      open = false;
      return;
    }
    const y = (100 - 98 * value / peak).toFixed(1);
    path += open ? `V${y}H${index + 1}` : line ? `M${index} ${y}H${index + 1}` : `M${index} 100V${y}H${index + 1}`;
    open = true;
  });
  return open && !line ? `${path}V100Z` : path;
}

function panel(title, className, height, values, desired) {
  const peak = Math.max(1, ...values, ...(desired || []));
  const made = element('section');
  const scale = element('div', undefined, 'scale');
  scale.append(element('span', count(peak)), element('span', '0'));
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', `0 0 ${values.length} 100`);
  picture.setAttribute('preserveAspectRatio', 'none');
  picture.setAttribute('height', height);
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', `${title}, at most ${peak}`);
  const add = (line, name, series) => {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', area(series, peak, line));
    picture.append(path);
  };
  add(false, className, values);
  if (desired) add(true, 'desired', desired);
  made.append(element('h2', title), scale, picture);
  return made;
}

function axis(chart, changes) {
  const made = element('div', undefined, 'axis');
  const place = (at) => `${100 * at / chart.seconds}%`;
  for (let at = 0; at <= chart.seconds; at += chart.tick) {
    const label = element('span', clock(at));
    label.style.left = place(at);
    made.append(label);
  }
  const marks = element('div', undefined, 'axis');
  let free = -1;
  for (const change of changes.slice().reverse()) {
    if (change.at / chart.seconds < free) continue;
    free = change.at / chart.seconds + 0.02;
    const mark = element('b', String(change.number));
    mark.style.left = place(change.at);
    marks.append(mark);
  }
  return [marks, made];
}

function charts(list) {
  const chart = list.chart;
  const room = Math.max(220, window.innerHeight - 420);
  const shown = [panel('waiting (items)', 'waiting', room * 0.5, chart.waiting)];
  if (list.in_flight !== null) shown.push(panel('in flight (items)', 'in-flight', room * 0.15, chart.in_flight));
  if (list.pods) shown.push(panel('pods: ready, and desired (dashed)', 'pods', room * 0.3, chart.ready, chart.desired));
  one('charts').replaceChildren(...shown, ...axis(chart, list.changes));
}

// A row is chosen with the mouse, or with Tab and Enter.
function newRow(index, cells) {
  const row = element('tr');
  row.append(...cells.map(() => element('td')));
  row.tabIndex = 0;
  const choose = () => { chosen = index; draw(); };
  row.addEventListener('click', choose);
  row.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose();
  });
  return row;
}

// Rows stay the same elements, so that the one with the focus keeps it.
function rows(lists) {
  one('lists').hidden = lists.length < 2;
  const body = one('lists').tBodies[0];
  lists.forEach((list, index) => {
    const cells = [list.name, count(list.waiting), count(list.in_flight), count(list.delayed), count(list.dead),
      rate(list.in_per_second), rate(list.out_per_second), list.outlook];
    const row = body.rows[index] || body.appendChild(newRow(index, cells));
    row.className = index === chosen ? 'chosen' : '';
    row.setAttribute('aria-current', String(index === chosen));
    cells.forEach((text, column) => { row.cells[column].textContent = text; });
  });
}

function deadLetters(list) {
  one('dead').hidden = !list.dead_letters.length;
  const newest = list.dead_letters.reduce((sum, cause) => sum + cause.count, 0);
  one('dead').caption.textContent = newest < list.dead ? `dead letters by reason, of the newest ${count(newest)}` : 'dead letters by reason';
  one('dead').tBodies[0].replaceChildren(...list.dead_letters.map((cause) => {
    const row = element('tr');
    row.append(element('td', count(cause.count)), element('td', cause.reason));
    return row;
  }));
}

function draw() {
  if (!state || !state.lists.length) return;
  const list = state.lists[Math.min(chosen, state.lists.length - 1)];
  one('list').textContent = list.name;
  document.title = `${count(list.waiting)} waiting · ${list.name}`;
  one('title').textContent = [state.title, list.accounting].filter(Boolean).join(' · ');
  numbers(list);
  one('reason').textContent = list.reason || list.outlook;
  charts(list);
  deadLetters(list);
  rows(state.lists);
  one('events').replaceChildren(...list.changes.map((change) =>
    element('li', `${change.number}  ${clock(change.at)}  ${change.from} → ${change.to}  ${change.reason || ''}`)));
  tick();
}

// Once per second: the clock, the time that is left, and the age of the data.
function tick() {
  if (!state || !state.lists.length) return;
  const list = state.lists[Math.min(chosen, state.lists.length - 1)];
  const age = (Date.now() - seen) / 1000;
  const since = state.over ? 0 : age * state.speed;
  one('clock').textContent = clock(state.seconds + since) + (state.speed === 1 ? '' : ` ×${state.speed}`);
  const left = list.next ? list.next.seconds - since : 0;
  const when = left > 0 ? `in ${clock(left)}` : 'now';
  const next = list.next && !state.over ? `next ${when}: ${list.next.what}` : '';
  one('next').textContent = next;
  const old = !state.over && age > Math.max(3, 3 * state.every);
  one('stale').textContent = state.over ? 'the run is over' : old ? `no data for ${Math.round(age)} s` : '';
  document.body.classList.toggle('stale', old);
}

let source = null;
function connect() {
  if (source || document.hidden || (state && state.over)) return;
  source = new EventSource('/events');
  source.onmessage = (event) => {
    const next = JSON.parse(event.data);
    if (!next) return;
    state = next;
    seen = Date.now();
    draw();
    if (state.over) disconnect();
  };
}
function disconnect() {
  if (source) source.close();
  source = null;
}
// A browser opens six connections to one server; a hidden tab needs none.
document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
window.addEventListener('resize', draw);
setInterval(tick, 1000);
connect();
