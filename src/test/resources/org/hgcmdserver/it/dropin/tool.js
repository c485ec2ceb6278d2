// Runs npm's hg, which starts the hg that it finds on PATH, and prints its answers.
const hg = require('hg');
const fs = require('fs');

const repository = new hg.HGRepo('repository');
const steps = [
  ['summary', {}],
  ['log', ['-T', '{rev} {node} {desc}\n']],
  ['log', ['-r', 'nosuch']],
  () => fs.writeFileSync('repository/b', 'b\n'),
  ['status', {}],
  ['add', {}],
  ['commit', { '-m': 'the second', '-u': 'u', '-d': '1970-01-01' }],
  ['tag', 'v1', { '-u': 'u', '-d': '1970-01-01' }],
  ['tags', {}],
  ['branches', {}],
  ['diff', { '-c': 'tip' }],
  ['version'],
];

function next() {
  const step = steps.shift();
  if (!step) process.exit(); // a server whose command has failed goes on, also with plain hg
  if (typeof step === 'function') {
    step();
    next();
    return;
  }
  const [name, ...args] = step;
  let answered = false;
  repository[name](...args, (error, output) => {
    if (answered) return; // with an error it answers twice
    answered = true;
    console.log(name, JSON.stringify(args), error && String(error), JSON.stringify(output));
    next();
  });
}

next();
