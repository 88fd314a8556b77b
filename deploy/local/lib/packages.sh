# What the package source of this machine has. Not every one has everything.

# version_of PACKAGE: as Directory.Packages.props pins it, or nothing.
version_of() { sed -n "s/.*<PackageVersion Include=\"$1\" Version=\"\[\?\([^]\"]*\)\]\?\".*/\1/p" "$ROOT/Directory.Packages.props"; }

# restores PACKAGE VERSION: true where this version and all it needs can be had. An empty project elsewhere asks, so nothing here is touched.
restores() {
  local folder state=0
  folder=$(mktemp -d)
  cat >"$folder/probe.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup>
  <ItemGroup><PackageReference Include="$1" Version="[$2]" /></ItemGroup>
</Project>
PROJECT
  dotnet restore "$folder/probe.csproj" -v quiet >/dev/null 2>&1 || state=1
  rm -rf "$folder"
  return "$state"
}
