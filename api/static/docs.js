// The page follows the system's light or dark, and shows each call's samples above its parameters.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

function Samples({ React, samples }) {
  const h = React.createElement;
  const [shown, show] = React.useState(0);
  const [copied, copy] = React.useState(false);
  const source = samples[shown].source;
  const tab = (sample, index) =>
    h("button", { key: sample.label, type: "button", role: "tab", "aria-selected": index === shown,
      onClick: () => { show(index); copy(false); } }, sample.label);
  return h("section", { className: "samples", "aria-label": "Code samples" },
    h("header", null,
      h("div", { role: "tablist" }, samples.map(tab)),
      h("button", { type: "button", className: "copy",
        onClick: () => navigator.clipboard.writeText(source).then(() => copy(true)) }, copied ? "copied" : "copy")),
    h("pre", { tabIndex: 0 }, h("code", null, source)));
}

const samplesPlugin = ({ React }) => ({
  wrapComponents: {
    parameters: (Original) => (props) => {
      const samples = props.operation && props.operation.get("x-codeSamples");
      const original = React.createElement(Original, { ...props, key: "parameters" });
      return samples ? [React.createElement(Samples, { React, samples: samples.toJS(), key: "samples" }), original] : original;
    },
  },
});

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  // Colours for nine answers at once cost seconds on a slow machine.
  syntaxHighlight: false,
  plugins: [samplesPlugin],
});
