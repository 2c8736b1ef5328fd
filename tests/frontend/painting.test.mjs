// Painting text that arrives faster than eyes read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createPainter } from "../../frontend/src/state/painting.js";

/** A clock moved by hand: frames run on `frame()`, timers when their time has come. */
function build({ cost = 0, hidden = false } = {}) {
  const world = { time: 0, painted: 0, frames: [], timers: [] };
  const clock = {
    frame: (callback) => hidden || world.frames.push(callback),
    later: (callback, ms) => world.timers.push([world.time + ms, callback]),
    now: () => world.time,
  };
  world.painter = createPainter(() => (world.painted += 1), clock);
  world.frame = () => {
    world.frames.splice(0).forEach((callback) => callback());
    world.time += cost;
  };
  world.pass = (ms) => {
    world.time += ms;
    const due = world.timers.filter(([time]) => time <= world.time);
    world.timers = world.timers.filter(([time]) => time > world.time);
    due.forEach(([, callback]) => callback());
  };
  return world;
}

test("However much arrives within a frame, it is painted once", () => {
  const world = build();

  for (let index = 0; index < 1000; index += 1) world.painter.want();
  world.frame();

  assert.equal(world.painted, 1);
});

test("A hidden tab has no frames and is painted all the same", () => {
  const world = build({ hidden: true });

  world.painter.want();
  world.pass(250);

  assert.equal(world.painted, 1);
});

test("After a slow paint there is a rest, so that the page stays responsive", () => {
  const world = build({ cost: 100 });
  world.painter.want();
  world.frame();
  world.pass(0);

  world.painter.want();
  world.frame();
  assert.equal(world.painted, 1);
  world.pass(200);

  assert.equal(world.painted, 2);
});

test("Nothing is painted when nothing came", () => {
  const world = build();
  world.painter.want();
  world.frame();

  world.pass(1000);

  assert.equal(world.painted, 1);
});
