// Swagger's page on top of the plain list of calls, which is there without it.
const place = document.getElementById("swagger");
window.SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  showExtensions: true,
  persistAuthorization: false,
  validatorUrl: null,
});

// Swagger has a dark dress of its own.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const dress = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
new MutationObserver(dress).observe(root, { attributeFilter: ["data-theme"] });
system.addEventListener("change", dress);
dress();
