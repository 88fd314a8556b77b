using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class SecretFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("consentledger-secrets-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_file_in_the_folder_is_a_setting_and_prevails()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "Broker__Uri"), "amqp://from-the-file\n");

        SettingsWith(_folder.FullName)["Broker:Uri"].ShouldBe("amqp://from-the-file");
    }

    [Fact]
    public void What_lies_deeper_is_a_file_for_its_reader_and_no_setting()
    {
        _folder.CreateSubdirectory("files");
        File.WriteAllText(Path.Combine(_folder.FullName, "files", "kek"), "bytes");

        SettingsWith(_folder.FullName).AsEnumerable().Select(setting => setting.Key).ShouldNotContain(key => key.EndsWith("kek", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_that_is_not_there_stops_the_service_and_says_what_to_do()
    {
        var missing = Path.Combine(_folder.FullName, "nowhere");

        Should.Throw<DirectoryNotFoundException>(() => SettingsWith(missing)).Message.ShouldContain($"Secrets__Folder names {missing}");
    }

    private static IConfiguration SettingsWith(string folder)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["Broker:Uri"] = "amqp://from-elsewhere";
        builder.Configuration["Secrets:Folder"] = folder;
        return builder.AddServiceDefaults("test").Configuration;
    }
}
