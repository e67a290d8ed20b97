// Windows of the same sitting in the same browser hear of each other at once, with or without a network. Which one
// holds the sitting is the server's decision; this only spares the older one from finding out later.

export class Windows {
  constructor({ sitting, onnewer, onforgotten }) {
    try {
      this.everything = new BroadcastChannel("cutscore"); // from forget.js, when somebody signs out
      this.everything.onmessage = ({ data }) => data === "forget" && onforgotten();
      this.channel = new BroadcastChannel(`cutscore:${sitting}`);
      this.channel.onmessage = ({ data }) => data === "opened" && onnewer();
    } catch {
      this.channel = null; // then the next reply of the server tells
    }
  }

  opened() {
    this.channel?.postMessage("opened");
  }
}
