// Where staff may change the time, the page asks every few seconds how things stand: often enough to show it within
// 20 seconds, never in step with other pages. Own practice has no pulse.

const SHORTEST = 12_000;
const LONGEST = 17_000;

export class Pulse {
  constructor(channel) {
    this.channel = channel;
    this.token = "";
  }

  start(token) {
    const begun = Boolean(this.token);
    this.token = token;
    if (!begun) this.#beat();
  }

  async #beat() {
    while (!this.channel.stopped) {
      await new Promise((resolve) => {
        setTimeout(resolve, SHORTEST + Math.random() * (LONGEST - SHORTEST));
      });
      if (!this.channel.stopped) await this.channel.pulse(this.token);
    }
  }
}
