# nix run 'git+file:.?dir=packaging' -- demo
{
  description = "Fill a Redis List, process its items, watch the backlog, and scale the consumers with KEDA";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      each = build: nixpkgs.lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
    in
    {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "qscale";
          version = (fromTOML (builtins.readFile ../Cargo.toml)).package.version;
          src = ../.;
          cargoLock.lockFile = ../Cargo.lock;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          env.QSCALE_COMMIT = self.rev or self.dirtyRev or "";
          # The tests start a Redis each; `make test` runs them.
          doCheck = false;
          postInstall = ''
            installManPage man/*.1
            installShellCompletion --bash --name qscale completions/qscale.bash
            installShellCompletion --zsh completions/_qscale
            installShellCompletion --fish completions/qscale.fish
          '';
          meta = {
            description = "Fill a Redis List, process its items, watch the backlog, and scale the consumers with KEDA";
            license = with pkgs.lib.licenses; [
              mit
              asl20
            ];
            mainProgram = "qscale";
          };
        };
      });
    };
}
